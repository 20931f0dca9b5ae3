/** A bundle is there as a whole or not at all. */
import '../../helpers/tiers/needs-host.ts';
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isBundleName } from '../../../src/monitor/endings/crash-retention.ts';
import { listBundles, readBundleFile, writeBundle } from '../../../src/monitor/endings/crash-store.ts';
import { buildProgram } from '../../helpers/programs/program.ts';

const name = '2026-11-21T12-34-56Z';

let crashes: string;
let place: { crashes: string; crashDraft: string };

beforeEach(() => {
  crashes = mkdtempSync(join(tmpdir(), 'umlmon-crashes-'));
  place = { crashes, crashDraft: join(crashes, '.draft') };
});

afterEach(() => {
  spawnSync('umount', ['-q', crashes]);
  rmSync(crashes, { recursive: true, force: true });
});

function write(data: Uint8Array): void {
  const description = { name, series: name, sequence: 1, endedAt: 5, cause: 'crash', panic: 'oh' };
  writeBundle(place, description, [{ path: 'exit.json', data }]);
}

test('what is written is listed and read, in pieces', () => {
  write(Buffer.from('0123456789'));
  expect(listBundles(place)).toEqual([
    {
      name,
      series: name,
      sequence: 1,
      endedAt: 5,
      cause: 'crash',
      panic: 'oh',
      files: [{ path: 'exit.json', bytes: 10 }],
    },
  ]);
  const read = (offset: number, max: number) =>
    Buffer.from(readBundleFile(place, { bundle: name, file: 'exit.json', offset, max }).data).toString();
  expect([read(0, 4), read(8, 4), read(10, 4), read(2 ** 52, 4)]).toEqual(['0123', '89', '', '']);
  expect(statSync(join(crashes, name)).mode & 0o777).toBe(0o750);
});

test.each([
  ['..', 'exit.json'],
  [name, '../outside.json'],
  [name, '../../etc/passwd'],
  [name, '/etc/passwd'],
  [name, 'console/../exit.json'],
  [`${name}/../${name}`, 'exit.json'],
  ['.draft', 'exit.json'],
  [name, 'absent.json'],
])('%j %j leads nowhere', (bundle, file) => {
  write(Buffer.from('x'));
  writeFileSync(join(crashes, 'outside.json'), 'secret');
  mkdirSync(place.crashDraft);
  writeFileSync(join(place.crashDraft, 'exit.json'), 'half');
  expect(() => readBundleFile(place, { bundle, file, offset: 0, max: 9 })).toThrow(
    expect.objectContaining({ code: 'CRASH_UNKNOWN' }),
  );
});

test('a link in a bundle is not followed', () => {
  write(Buffer.from('x'));
  symlinkSync('/etc/passwd', join(crashes, name, 'plan.json'));
  expect(() => readBundleFile(place, { bundle: name, file: 'plan.json', offset: 0, max: 9 })).toThrow(
    /ELOOP/,
  );
});

test('what is not a bundle is left out', () => {
  mkdirSync(join(crashes, name));
  mkdirSync(join(crashes, 'notes'));
  mkdirSync(join(crashes, `${name}-2`));
  writeFileSync(join(crashes, `${name}-2`, 'bundle.json'), '{"name": 1}');
  expect(listBundles(place)).toEqual([]);
});

test('on a full file system nothing is left of the attempt', () => {
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', crashes]);
  expect(mounted.status).toBe(0);
  expect(() => write(Buffer.alloc(100_000))).toThrow(/ENOSPC/);
  expect(readdirSync(crashes)).toEqual([]);
  write(Buffer.alloc(1000));
  expect(listBundles(place)).toHaveLength(1);
});

test('killed at any moment, it leaves only complete bundles', async () => {
  const driver = await buildProgram('write-bundles', { file: 'test/helpers/programs/write-bundles.ts' });
  let halves = 0;
  for (let round = 0; round < 20; round++) {
    const writer = spawn(process.execPath, [driver, crashes], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise((resolve) => writer.once('exit', resolve));
    await new Promise((resolve) => writer.stdout.once('data', resolve));
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 60));
    writer.kill('SIGKILL');
    await ended;
    if (existsSync(place.crashDraft)) halves += 1;
    const bundles = listBundles(place);
    expect(bundles.map((bundle) => bundle.name).sort()).toEqual(
      readdirSync(crashes).filter(isBundleName).sort(),
    );
    for (const bundle of bundles)
      for (const { path, bytes } of bundle.files)
        expect(statSync(join(crashes, bundle.name, path)).size).toBe(bytes);
  }
  // Otherwise the moments were not such that anything was tried.
  expect(halves).toBeGreaterThan(0);
});
