import { join } from 'node:path';
import { SecurityFile } from '../../system/logs/security-file.ts';
import { SecurityLog } from '../../system/logs/security-log.ts';

/**
 * Writes a change of passwords or settings into VARDIR/.security.log: who, by uid and by the variables of sudo(8), and what. One that
 * cannot be written is reported, and changes nothing else.
 */
export function recordChange(varDir: string, kind: 'password' | 'configuration', what: string): void {
  const file = new SecurityFile(join(varDir, '.security.log'));
  const { SUDO_USER } = process.env;
  const who = `uid ${process.getuid?.()}${SUDO_USER === undefined ? '' : ` (sudo: ${SUDO_USER})`}`;
  new SecurityLog(file).record({ kind, who, what, result: 'ok' });
  if (file.error !== '') console.error(`umladmin: the change is not recorded in ${file.path}: ${file.error}`);
}
