import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../..');

/** Bundles command-child.ts; returns what runs it under a fault. One file for each who calls, as test files run at once. */
export function buildVerbChild(name: string) {
  const child = join(root, `dist/test/${name}.mjs`);
  const options = ['--bundle', '--platform=node', '--target=node20', '--format=esm', '--external:koffi'];
  const define = '--define:__filename=import.meta.filename';
  execFileSync(join(root, 'node_modules/.bin/esbuild'), [
    join(root, 'test/disk/commands/command-child.ts'),
    `--outfile=${child}`,
    ...options,
    define,
    '--log-level=warning',
  ]);
  return {
    /** Runs a disk command that meets `fault` at the `when`-th call of that name; returns whether it finished. */
    runWith(fault: string, call: string, when: number, verb: string, request: object): boolean {
      const inject = ['-e', `trace=${call}`, '-e', `inject=${call}:${fault}:when=${when}`];
      const { status } = spawnSync(
        'strace',
        [
          ...['-f', '-qq', '-o', '/dev/null', ...inject],
          ...[process.execPath, child, verb, JSON.stringify(request)],
        ],
        {
          // strace counts the calls of each thread.
          env: { ...process.env, UV_THREADPOOL_SIZE: '1' },
          encoding: 'utf8',
        },
      );
      return status === 0;
    },
  };
}
