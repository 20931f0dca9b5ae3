import { join } from 'node:path';
import { ConsoleLog } from '../console/log.ts';
import type { VmLayout } from '../jail/layout.ts';
import { securityLimits } from '../system/limits.ts';

/** VARDIR/VM/log/security.log, of bounded size. */
export function securityFile({ logDir }: VmLayout): ConsoleLog {
  return new ConsoleLog(join(logDir, 'security.log'), {
    maxBytes: securityLimits.fileBytes,
    keep: securityLimits.files,
    note: (text) => `\n${JSON.stringify({ time: Date.now(), kind: 'unlogged', what: text })}\n`,
  });
}
