import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { securityLimits } from '../system/limits.ts';
import { ConsoleLog } from './log.ts';

/** The file of a program's security log in a directory, of bounded size. What cannot be written is counted, and told later. */
export function securityFile(directory: string): ConsoleLog {
  return new ConsoleLog(join(directory, 'security.log'), {
    maxBytes: securityLimits.fileBytes,
    keep: securityLimits.files,
    note: (text) => `\n${JSON.stringify({ time: Date.now(), kind: 'unlogged', what: text })}\n`,
  });
}

/**
 * Where a daemon that is no monitor has that file: where the service manager says (systemd.exec(5)), or in `otherwise`, which is
 * made then.
 */
export function securityDirectory(env: NodeJS.ProcessEnv, otherwise: string): string {
  const given = (env.LOGS_DIRECTORY ?? env.STATE_DIRECTORY ?? '').split(':', 1)[0];
  if (given) return given;
  try {
    mkdirSync(otherwise, { recursive: true, mode: 0o750 });
  } catch {
    // The log tries by itself, and counts what it cannot write.
  }
  return otherwise;
}
