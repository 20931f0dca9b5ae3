/** Which VM is pinned to which cores of the host: small files that monitors leave for each other. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorLimits } from '../../system/limits/limits.ts';

/** A longer text is not a claim: a list of all cores of a large host is shorter. */
const claimBytesMax = monitorLimits.coreClaimBytes;

/**
 * Number of VMs on each core, without `vm` itself. A claim that a killed monitor left only makes the choice a bit
 * worse, so claims are not locked.
 */
export function countClaims(directory: string, vm: string): Map<number, number> {
  const counts = new Map<number, number>();
  for (const name of listNames(directory)) {
    if (name === vm) continue;
    for (const core of readClaim(join(directory, name))) counts.set(core, (counts.get(core) ?? 0) + 1);
  }
  return counts;
}

export function claimCores(directory: string, vm: string, cores: readonly number[]): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileSync(join(directory, vm), cores.join(','), { mode: 0o600 });
}

export function releaseCores(directory: string, vm: string): void {
  rmSync(join(directory, vm), { force: true });
}

function listNames(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function readClaim(path: string): number[] {
  try {
    const text = readFileSync(path, 'latin1');
    if (text.length > claimBytesMax) return [];
    return text
      .split(',')
      .filter((part) => /^\d{1,4}$/.test(part))
      .map(Number);
  } catch {
    return [];
  }
}
