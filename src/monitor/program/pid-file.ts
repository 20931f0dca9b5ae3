import { readFileSync, rmSync, writeFileSync } from 'node:fs';

/** Writes the process id, for users and scripts. Errors: those of the system. */
export function writePidFile(path: string): void {
  writeFileSync(path, `${process.pid}\n`);
}

/** Removes the file if it has our process id. */
export function removePidFile(path: string): void {
  try {
    if (readFileSync(path, 'latin1') === `${process.pid}\n`) rmSync(path);
  } catch {
    // It is missing, or its directory has another owner. umlmon itself does not use the file.
  }
}
