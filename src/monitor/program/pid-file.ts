import { readFileSync, rmSync, writeFileSync } from 'node:fs';

/** Writes our process id, for people and their scripts. Errors: those of the system. */
export function writePidFile(path: string): void {
  writeFileSync(path, `${process.pid}\n`);
}

/** Removes the file if it has our process id: another one's is not ours to remove. */
export function removePidFile(path: string): void {
  try {
    if (readFileSync(path, 'latin1') === `${process.pid}\n`) rmSync(path);
  } catch {
    // It is gone, or its directory is no longer ours: what it says is of no use to umlmon itself.
  }
}
