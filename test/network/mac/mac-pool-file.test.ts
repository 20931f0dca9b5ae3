import { execFileSync, spawn } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import {
  foreseeMacs,
  forgetMacs,
  type MacRequest,
  takeMacs,
} from '../../../src/network/mac/mac-pool-file.ts';

const scratch = mkdtempSync(join(tmpdir(), 'umlmon-mac-'));
afterAll(() => rmSync(scratch, { recursive: true }));
const varDir = join(scratch, 'var');
const file = join(varDir, '.mac-pool');
beforeEach(() => {
  rmSync(varDir, { recursive: true, force: true });
  mkdirSync(varDir);
});

const request = (vm: string, more: Partial<MacRequest> = {}): MacRequest => ({
  varDir,
  vm,
  wishes: [{ unit: 0 }, { unit: 1 }],
  range: { first: 0x020000000000, last: 0x02000000ffff },
  configured: new Set([vm]),
  ...more,
});

test('the foreseen address is the one that a VM gets, and it stays', async () => {
  const foreseen = foreseeMacs(request('vm1'));
  expect(readdirSync(varDir)).toEqual([]);
  expect(await takeMacs(request('vm1'))).toEqual(foreseen);
  const { ino } = statSync(file);
  expect(await takeMacs(request('vm1'))).toEqual(foreseen);
  expect(statSync(file)).toMatchObject({ ino, mode: 0o100600 });
});

test('a VM has its addresses as long as it has a section or a directory', async () => {
  const range = { first: 0x020000000000, last: 0x020000000001 };
  const mine = await takeMacs(request('vm1', { range }));
  const exhausted = expect.objectContaining({ code: 'NETWORK_MAC_EXHAUSTED' });
  const ask = (...configured: string[]) =>
    takeMacs(request('vm2', { range, configured: new Set(configured) }));
  await expect(ask('vm1', 'vm2')).rejects.toEqual(exhausted);
  mkdirSync(join(varDir, 'vm1'));
  await expect(ask('vm2')).rejects.toEqual(exhausted);
  rmSync(join(varDir, 'vm1'), { recursive: true });
  expect([...(await ask('vm2')).values()].sort()).toEqual([...mine.values()].sort());
  await forgetMacs(varDir, 'vm2');
  expect(await takeMacs(request('vm1', { range }))).toEqual(mine);
});

describe('a file that cannot be trusted', () => {
  const entry = { vm: 'vm9', unit: 0, mac: '02:00:00:00:00:01', by: 'pool' };
  const pool = (...given: unknown[]) => JSON.stringify({ version: 1, given });
  test.each([
    ['nothing', ''],
    ['no JSON', '{'],
    ['null', 'null'],
    ['a list', '[]'],
    ['another version', '{"version":2,"given":[]}'],
    ['no list', '{"version":1,"given":{"length":1}}'],
    ['a path as VM', pool({ ...entry, vm: '../../../etc' })],
    ['a number as VM', pool({ ...entry, vm: 7 })],
    ['a huge unit', pool({ ...entry, unit: 1e9 })],
    ['no address', pool({ ...entry, mac: 'x' })],
    ['a capital', pool({ ...entry, mac: '02:00:00:00:00:0A' })],
    ['a stranger', pool({ ...entry, by: 'me' })],
    ['the same address twice', pool(entry, { ...entry, vm: 'vm8' })],
    ['the same interface twice', pool(entry, { ...entry, mac: '02:00:00:00:00:02' })],
    ['too much', ' '.repeat(9 * 1024 ** 2)],
  ])('with %s is named, and stays as it is', async (_, text) => {
    writeFileSync(file, text);
    const error = expect.objectContaining({ code: 'NETWORK_MAC_FILE', place: file });
    await expect(takeMacs(request('vm1'))).rejects.toEqual(error);
    expect(() => foreseeMacs(request('vm1'))).toThrow(error);
    await expect(forgetMacs(varDir, 'vm9')).rejects.toEqual(error);
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  test.each(['a directory', 'a link', 'a FIFO'])(
    '%s in its place is an error that names it',
    async (kind) => {
      if (kind === 'a directory') mkdirSync(file);
      else if (kind === 'a link') symlinkSync('/etc/passwd', file);
      else execFileSync('mkfifo', [file]);
      await expect(takeMacs(request('vm1'))).rejects.toMatchObject({ code: 'NETWORK_MAC_FILE', place: file });
    },
  );

  test('any JSON in it is used, or is an error that names the file', async () => {
    const loose = fc.record(
      {
        version: fc.constantFrom(1, 1, 1, 2),
        given: fc.array(
          fc.record(
            {
              vm: fc.oneof(fc.constant('vm1'), fc.jsonValue()),
              unit: fc.oneof(fc.nat(3), fc.jsonValue()),
              mac: fc.oneof(fc.constant('02:00:00:00:00:01'), fc.jsonValue()),
              by: fc.oneof(fc.constantFrom('pool', 'config'), fc.jsonValue()),
            },
            { requiredKeys: ['vm', 'mac'] },
          ),
        ),
      },
      { requiredKeys: ['given'] },
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof(loose, fc.jsonValue()), async (content) => {
        writeFileSync(file, JSON.stringify(content));
        try {
          expect((await takeMacs(request('vm1'))).size).toBe(2);
        } catch (error) {
          expect(error).toMatchObject({ code: 'NETWORK_MAC_FILE' });
        }
      }),
    );
  });
});

test('32 processes ask at once: no address twice, and the same ones when they ask again', async () => {
  const program = join(scratch, 'ask.cjs');
  await build({
    stdin: {
      contents: `
        import { takeMacs } from './src/network/mac/mac-pool-file.ts';
        const [varDir, vm] = process.argv.slice(2);
        process.stdin.once('data', async () => {
          const range = { first: 0x020000000000, last: 0x02000000007f };
          const wishes = [0, 1, 2, 3].map((unit) => ({ unit }));
          const configured = new Set(Array.from({ length: 32 }, (_, n) => 'vm' + n));
          const macs = await takeMacs({ varDir, vm, wishes, range, configured });
          console.log(JSON.stringify([...macs]));
          process.exit();
        });
        console.log('ready');`,
      resolveDir: process.cwd(),
      loader: 'ts',
    },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['koffi'],
    outfile: program,
  });
  const ask = async () => {
    const children = Array.from({ length: 32 }, (_, n) => {
      const env = { ...process.env, NODE_PATH: join(process.cwd(), 'node_modules') };
      const child = spawn(process.execPath, [program, varDir, `vm${n}`], {
        env,
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      let said = '';
      child.stdout.setEncoding('utf8');
      const ready = new Promise<void>((resolve, reject) => {
        child.stdout.on('data', (part: string) => {
          said += part;
          if (said.startsWith('ready\n')) resolve();
        });
        child.on('exit', reject);
      });
      const answer = new Promise<[number, string][]>((resolve, reject) => {
        child.on('close', (status) =>
          status === 0 ? resolve(JSON.parse(said.slice(6))) : reject(new Error(`status ${status}: ${said}`)),
        );
      });
      return { child, ready, answer };
    });
    await Promise.all(children.map(({ ready }) => ready));
    for (const { child } of children) child.stdin.write('go\n');
    return await Promise.all(children.map(({ answer }) => answer));
  };
  const first = await ask();
  const all = first.flat().map(([, mac]) => mac);
  // The range has exactly as many addresses as are asked for.
  expect(new Set(all).size).toBe(128);
  expect(await ask()).toEqual(first);
  expect(readdirSync(varDir).sort()).toEqual(['.mac-pool', '.mac-pool.lock']);
}, 60_000);
