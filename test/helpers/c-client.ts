import { execFileSync } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('../../', import.meta.url).pathname;

/**
 * Builds test/rpc/ctrl-client.c against src/rpc/umlmonctrl.x with Debian's rpcgen, gcc and libtirpc (packages
 * rpcsvc-proto, gcc, libtirpc-dev).
 *
 * @param directory a temporary directory of the caller, who removes it
 * @returns path of the program
 */
export function buildCClient(directory: string): string {
  const run = (command: string, args: string[]) =>
    execFileSync(command, args, { cwd: directory, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  copyFileSync(join(root, 'src/rpc/umlmonctrl.x'), join(directory, 'umlmonctrl.x'));
  const parts = { '-h': 'umlmonctrl.h', '-c': 'umlmonctrl_xdr.c', '-l': 'umlmonctrl_clnt.c' };
  for (const [option, file] of Object.entries(parts))
    writeFileSync(join(directory, file), run('rpcgen', [option, 'umlmonctrl.x']));
  const client = join(directory, 'ctrl-client');
  const sources = [join(root, 'test/rpc/ctrl-client.c'), 'umlmonctrl_xdr.c', 'umlmonctrl_clnt.c'];
  run('gcc', ['-O1', '-w', '-I.', '-I/usr/include/tirpc', '-o', client, ...sources, '-ltirpc']);
  return client;
}
