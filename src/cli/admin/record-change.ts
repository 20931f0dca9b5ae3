import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { securityLimits } from '../../system/limits.ts';
import { SecurityLog } from '../../system/security-log.ts';

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;

/**
 * Writes a change of passwords into VARDIR/.security.log: who, by uid and by what sudo(8) says, and what. One that cannot be
 * written is told, and changes nothing.
 */
export function recordChange(varDir: string, what: string): void {
  const path = join(varDir, '.security.log');
  const { SUDO_USER } = process.env;
  const who = `uid ${process.getuid?.()}${SUDO_USER === undefined ? '' : ` (sudo: ${SUDO_USER})`}`;
  const write = (line: string) => {
    const fd = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o640);
    try {
      const { size } = fstatSync(fd);
      if (size > securityLimits.fileBytes) throw new Error(`it has ${size} bytes: move it away`);
      writeSync(fd, line);
    } finally {
      closeSync(fd);
    }
  };
  try {
    new SecurityLog({ write }).record({ kind: 'password', who, what, result: 'ok' });
  } catch (error) {
    console.error(
      `umladmin: not recorded in ${path}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
