import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/**
 * Distinguishes this host and RUNDIR from others of the same name, across restarts of umldir. The machine id itself
 * stays on the host (machine-id(5)).
 */
export function hostIdentity(runDir: string): string {
  return createHash('sha256').update(`umldir\0${machineId()}\0${runDir}`).digest('hex').slice(0, 32);
}

function machineId(): string {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim();
  } catch {
    // Without a machine id, two hosts of one name cannot be distinguished.
    return '';
  }
}
