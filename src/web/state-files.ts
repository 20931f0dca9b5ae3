import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { GlobalConfig } from '../config/config.ts';
import { ConsoleLog } from '../console/log.ts';
import { securityLimits } from '../system/limits.ts';

type Place = Pick<GlobalConfig, 'vardir'>;

/** The certificates of other hosts: in the directory that the service manager has made for umlweb (systemd.exec(5)), or VARDIR. */
export function knownHostsFile({ vardir }: Place, env: NodeJS.ProcessEnv): string {
  return directoryOf(env.STATE_DIRECTORY)
    ? join(directoryOf(env.STATE_DIRECTORY), 'known_hosts')
    : join(vardir, '.web_known_hosts');
}

/** The security log of umlweb: beside its other logs, or below VARDIR. A directory that cannot be made is told by no line. */
export function securityFile({ vardir }: Place, env: NodeJS.ProcessEnv): ConsoleLog {
  const directory =
    directoryOf(env.LOGS_DIRECTORY) || directoryOf(env.STATE_DIRECTORY) || join(vardir, '.umlweb');
  try {
    mkdirSync(directory, { recursive: true, mode: 0o750 });
  } catch {
    // The log tries by itself, and counts what it cannot write.
  }
  return new ConsoleLog(join(directory, 'security.log'), {
    maxBytes: securityLimits.fileBytes,
    keep: securityLimits.files,
    note: (text) => `\n${JSON.stringify({ time: Date.now(), kind: 'unlogged', what: text })}\n`,
  });
}

/** The first of those that systemd has set; '' if it has none. */
function directoryOf(variable: string | undefined): string {
  return variable?.split(':', 1)[0] ?? '';
}
