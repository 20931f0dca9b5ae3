/** The one way to run a program of the host. */
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { toFailure } from '../../../src/system/errors/errors.ts';
import {
  type HostCommand,
  requireHostCommand,
  runHostCommand,
} from '../../../src/system/processes/host-command.ts';

const scratch = mkdtempSync(join(tmpdir(), 'umlmon-command-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const sh = (script: string, rest: Partial<HostCommand> = {}) =>
  runHostCommand({ program: '/bin/sh', args: ['-c', script], ...rest });

test('a program gets its input and named descriptors, and returns its output and status', async () => {
  const fd = openSync(join(scratch, 'inherited'), 'w');
  const result = await sh('cat; echo words >&2; echo text >&3; exit 3', { input: 'abc', inherits: [fd] });
  expect(result).toEqual({ status: 3, stdout: 'abc', stderr: 'words\n', failure: 'it failed with status 3' });
  expect(readFileSync(join(scratch, 'inherited'), 'utf8')).toBe('text\n');
  expect(await sh('true', { input: 'x'.repeat(1_000_000) })).toMatchObject({ status: 0, failure: '' });
});

test('a program gets chosen variables only, and the root directory as its place', async () => {
  const { stdout } = await sh('pwd; env | cut -d= -f1 | sort | tr "\\n" " "');
  expect(stdout).toBe('/\nLC_ALL PATH PWD ');
});

test('an error has the code and place of the caller, and the own words of the program', async () => {
  const failed = requireHostCommand(
    { program: '/bin/sh', args: ['-c', 'echo one >&2; echo two >&2; exit 1'] },
    { code: 'NETWORK_COMMAND', place: 'ip link', hint: 'a hint' },
  );
  expect(toFailure(await failed.catch((error) => error))).toMatchObject({
    code: 'NETWORK_COMMAND',
    place: 'ip link',
    cause: 'one; two',
    hint: 'a hint',
  });
  const missing = requireHostCommand({ program: '/no/such', args: [] }, { code: 'HOST_COMMAND', place: 'x' });
  expect(toFailure(await missing.catch((error) => error))).toMatchObject({
    code: 'HOST_COMMAND',
    cause: 'spawn /no/such ENOENT',
  });
});

test('arguments that the host refuses are a failure like any other', async () => {
  const long = await sh('true', { args: ['x'.repeat(3_000_000)] });
  expect(long).toMatchObject({ status: undefined, failure: expect.stringContaining('E2BIG') });
});

/** A program with a descendant in the background, whose process number is the last line of its output. */
const family = (file: string) => `sleep 600 & echo $! >${file}; echo $$ >>${file}; wait`;

async function isGone(file: string): Promise<boolean> {
  for (let look = 0; look < 100; look++) {
    const pids = readFileSync(file, 'utf8').trim().split('\n');
    if (pids.length === 2 && !pids.some((pid) => existsSync(`/proc/${pid}/exe`))) return true;
    await delay(20);
  }
  return false;
}

test('a timeout kills the program and its descendants', async () => {
  const file = join(scratch, 'late');
  expect(await sh(family(file), { timeMs: 1000 })).toMatchObject({
    status: undefined,
    failure: 'not done within 1 s',
  });
  expect(await isGone(file)).toBe(true);
});

test('a descendant that keeps the pipes open after the exit of the program is killed at the timeout', async () => {
  const file = join(scratch, 'left');
  const end = await sh(`sleep 600 & echo $! >${file}; echo $$ >>${file}; echo done`, { timeMs: 1000 });
  expect(end).toMatchObject({ stdout: 'done\n', failure: 'not done within 1 s' });
  expect(await isGone(file)).toBe(true);
});

test('an abort kills the program and its descendants, and is reported after its exit', async () => {
  const file = join(scratch, 'aborted');
  const given = new AbortController();
  const run = sh(family(file), { signal: given.signal });
  const lines = () => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').length : 0);
  await expect.poll(lines, { timeout: 20_000 }).toBe(2);
  given.abort(new Error('no longer needed'));
  await expect(run).rejects.toThrow('no longer needed');
  expect(await isGone(file)).toBe(true);
  const before = join(scratch, 'before');
  await expect(sh(`touch ${before}`, { signal: given.signal })).rejects.toThrow('no longer needed');
  expect(existsSync(before)).toBe(false);
});

test('a program that prints too much is killed, or loses the rest', async () => {
  const much = await sh('yes', { outputBytes: 1000 });
  expect(much).toMatchObject({ status: undefined, failure: 'it printed more than 1000 bytes' });
  expect(much.stdout).toHaveLength(1000);
  const some = await sh('yes | head -c 100000; exit 2', { outputBytes: 1000, excess: 'drop' });
  expect(some).toMatchObject({ status: 2, failure: 'it failed with status 2' });
  expect(some.stdout).toHaveLength(1000);
});

test('the event loop is not blocked while a program runs', async () => {
  let ticks = 0;
  const timer = setInterval(() => ticks++, 10);
  await sh('sleep 0.5');
  clearInterval(timer);
  expect(ticks).toBeGreaterThan(10);
});
