import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Caller } from '../../src/rpc/codec/program.ts';
import { RpcServer } from '../../src/rpc/server/server.ts';
import { umlmonctrl } from '../../src/rpc/umlmonctrl.gen.ts';
import { buildCClient } from '../helpers/programs/c-client.ts';
import { pattern, stubHandlers } from './stub-handlers.ts';

// A client made by rpcgen and libtirpc, which share nothing with our code but the `.x` file.

const directory = mkdtempSync(join(tmpdir(), 'umlmon-interop-'));
const path = join(directory, 'ctrl');
const callers: Caller[] = [];
const server = new RpcServer(
  umlmonctrl,
  { ...stubHandlers, null: (_, caller) => void callers.push(caller) },
  () => undefined,
);
let program: string;

beforeAll(async () => {
  program = buildCClient(directory);
  await server.listen({ path, mode: 0o600 });
}, 60_000);

afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true });
});

interface Outcome {
  readonly status: number;
  readonly out: Buffer;
  readonly err: string;
}

async function run(...args: string[]): Promise<Outcome> {
  try {
    const { stdout, stderr } = await promisify(execFile)(program, [path, ...args], { encoding: 'buffer' });
    return { status: 0, out: stdout, err: stderr.toString() };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: Buffer; stderr: Buffer };
    return { status: code, out: stdout, err: stderr.toString() };
  }
}

test('NULL, with the AUTH_SYS credential of libtirpc', async () => {
  expect(await run('null')).toMatchObject({ status: 0, err: '' });
  expect(callers).toMatchObject([{ uid: process.getuid?.() }]);
});

test('INFO: nested structs, arrays, an optional, 64 bits, UTF-8', async () => {
  const { status, out } = await run('info');
  expect(status).toBe(0);
  expect(out.toString().trim().split('\n')).toStrictEqual([
    'name=vm1',
    'state=2',
    'state_since=1700000000123',
    'monitor_pid=4711',
    'kernel_pid=4712',
    `mem=${6 * 2 ** 30}`,
    'user=umlmon-vm1',
    'setting mem=6G (umlmon.conf:7)',
    'setting con0=pty (default)',
    'console con0 viewers=2 out=5000000000 logged=1',
    'last_exit cause=2 code=-1 signal=6 panic=no init found',
    `events_next=${2 ** 53 - 1}`,
  ]);
});

test('START fails with its reason, STOP and CTRL_ALT_DEL succeed', async () => {
  const start = await run('start');
  expect([start.status, start.out.toString()]).toStrictEqual([
    1,
    'STATE_WRONG|vm1|is running|stop it first\n',
  ]);
  const stop = await run('stop', '4000000000');
  expect(stop.out.toString()).toBe('id=3 joined=1 state=0 elapsed_ms=4000000000 summary=stopped\n');
  expect(await run('cad')).toMatchObject({ status: 0 });
});

test('a log read of 64 KiB, and one whose length needs padding', async () => {
  for (const length of [65536, 65533]) {
    const { status, out, err } = await run('log', 'con0', '9007199254000000', String(length));
    expect(status).toBe(0);
    expect(Buffer.compare(out, pattern(length))).toBe(0);
    expect(err).toBe(`offset=9007199254000000 oldest=0 end=${9_007_199_254_000_000 + length}\n`);
  }
});

test('an offset beyond 2^53 is refused by both: libtirpc reports that the server cannot decode it', async () => {
  const { status, err } = await run('log', 'con0', '9007199254740992', '1');
  expect([status, err]).toStrictEqual([4, expect.stringMatching(/can't decode arguments/)]);
});

test('an unknown procedure', async () => {
  const { status, out } = await run('raw', '99');
  expect([status, out.toString().trim()]).toStrictEqual([4, 'RPC: Procedure unavailable']);
});

test('the constants of the protocol are those that rpcgen sees', () => {
  const header = execFileSync('rpcgen', ['-h', 'umlmonctrl.x'], { cwd: directory, encoding: 'utf8' });
  const numbers = new Map(
    [...header.matchAll(/^#define (\w+) (?:\(\(u_long\))?(\w+)/gm)].map((m) => [m[1], Number(m[2])]),
  );
  const source = readFileSync(join(import.meta.dirname, '../../src/rpc/umlmonctrl.gen.ts'), 'utf8');
  const constants = [...source.matchAll(/^export const (UMLMON_\w+) = (\d+);/gm)];
  expect(constants.length).toBeGreaterThan(4);
  for (const [, name, value] of constants)
    expect([name, numbers.get(name)]).toStrictEqual([name, Number(value)]);
  expect(numbers.get('UMLMONCTRL')).toBe(umlmonctrl.program);
});
