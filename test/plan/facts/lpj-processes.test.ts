import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { recallLpj } from '../../../src/plan/facts/lpj-cache.ts';

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'umlmon-lpj-'));
});
afterAll(() => rmSync(scratch, { recursive: true }));

test('monitors that learn at the same time do not get in the way of each other', async () => {
  const program = join(scratch, 'learn.cjs');
  const cache = join(scratch, 'lpj');
  await build({
    stdin: {
      contents: `
        import { rememberLpj } from './src/plan/facts/lpj-cache.ts';
        const [cache, version] = process.argv.slice(2);
        for (let n = 1; n <= 100; n++)
          rememberLpj(cache, { kernel: { version, arguments: [] } }, 'BogoMIPS (lpj=' + n + ')');`,
      resolveDir: process.cwd(),
      loader: 'ts',
    },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['koffi'],
    outfile: program,
  });
  const env = { ...process.env, NODE_PATH: join(process.cwd(), 'node_modules') };
  const learn = (version: string) =>
    new Promise<string>((resolve) => {
      const child = spawn(process.execPath, [program, cache, version], { env });
      let said = '';
      child.stderr.on('data', (part: Buffer) => {
        said += part.toString();
      });
      child.once('close', () => resolve(said));
    });
  const versions = ['1', '2', '3', '4'];
  expect(await Promise.all(versions.map(learn))).toEqual(['', '', '', '']);
  expect(versions.some((version) => recallLpj(cache, version) !== undefined)).toBe(true);
}, 60_000);
