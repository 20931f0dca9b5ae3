import { join } from 'node:path';
import { ConsoleLog } from '../../console/log.ts';
import { securityLimits } from '../../system/limits.ts';
import { SecurityLog } from '../../system/security-log.ts';

/**
 * Writes a change of passwords or settings into VARDIR/.security.log: who, by uid and by what sudo(8) says, and what. One that
 * cannot be written is told, and changes nothing.
 */
export function recordChange(varDir: string, kind: 'password' | 'configuration', what: string): void {
  const path = join(varDir, '.security.log');
  const { SUDO_USER } = process.env;
  const who = `uid ${process.getuid?.()}${SUDO_USER === undefined ? '' : ` (sudo: ${SUDO_USER})`}`;
  const { fileBytes: maxBytes, files: keep } = securityLimits;
  const file = new ConsoleLog(path, { maxBytes, keep });
  new SecurityLog(file).record({ kind, who, what, result: 'ok' });
  file.close();
  if (file.error !== '') console.error(`umladmin: the change is not recorded: ${path}: ${file.error}`);
}
