import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/**
 * Tells this host and RUNDIR from others that have the same name, also after a restart of umldir. The machine id itself
 * stays here (machine-id(5)).
 */
export function hostIdentity(runDir: string): string {
  return createHash('sha256').update(`umldir\0${machineId()}\0${runDir}`).digest('hex').slice(0, 32);
}

function machineId(): string {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim();
  } catch {
    // Without one, two hosts of one name are not told apart.
    return '';
  }
}
