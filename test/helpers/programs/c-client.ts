import '../tiers/needs-host.ts';
import { execFileSync } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('../../../', import.meta.url).pathname;

/**
 * Builds a client in C against a `.x` file of src/rpc with Debian's rpcgen, gcc and libtirpc (packages rpcsvc-proto, gcc,
 * libtirpc-dev).
 *
 * @param directory a temporary directory of the caller, which removes it
 * @param name of the `.x` file, without its end
 * @param source below test/
 * @returns path of the program
 */
export function buildCClient(directory: string, name = 'umlmonctrl', source = 'rpc/ctrl-client.c'): string {
  const run = (command: string, args: string[]) =>
    execFileSync(command, args, { cwd: directory, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  copyFileSync(join(root, `src/rpc/${name}.x`), join(directory, `${name}.x`));
  const parts = { '-h': `${name}.h`, '-c': `${name}_xdr.c`, '-l': `${name}_clnt.c` };
  for (const [option, file] of Object.entries(parts))
    writeFileSync(join(directory, file), run('rpcgen', [option, `${name}.x`]));
  const client = join(directory, `${name}-client`);
  const sources = [join(root, 'test', source), `${name}_xdr.c`, `${name}_clnt.c`];
  run('gcc', ['-O1', '-w', '-I.', '-I/usr/include/tirpc', '-o', client, ...sources, '-ltirpc']);
  return client;
}
