/** Pure. */
import { join } from 'node:path';
import type { GlobalConfig } from '../config/config.ts';

/** The certificates of other hosts: in the directory that the service manager has made for umlweb (systemd.exec(5)), or VARDIR. */
export function knownHostsFile({ vardir }: Pick<GlobalConfig, 'vardir'>, env: NodeJS.ProcessEnv): string {
  const [given] = (env.STATE_DIRECTORY ?? '').split(':', 1);
  return given ? join(given, 'known_hosts') : join(vardir, '.web_known_hosts');
}
