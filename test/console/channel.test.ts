import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Channel } from '../../src/console/channel.ts';
import { ConsoleLog } from '../../src/console/log.ts';
import { Pty } from '../../src/console/pty.ts';
import { Ring } from '../../src/console/ring.ts';
import { consoleLimits } from '../../src/system/limits/limits.ts';

let directory: string;
let channel: Channel;
let pty: Pty;
let children: ChildProcess[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'umlmon-channel-'));
  children = [];
  channel = new Channel({
    name: 'con0',
    ring: new Ring(8192),
    log: new ConsoleLog(join(directory, 'con0'), { maxBytes: 10_000_000, keep: 1 }),
  });
  pty = Pty.open({ columns: 80, rows: 24 });
  channel.connect(pty);
});
afterEach(() => {
  channel.close();
  for (const child of children) endGroup(child);
  rmSync(directory, { recursive: true });
});

/** Ends a child and its own children; it is the leader of their group. */
function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid) process.kill(-pid, 'SIGKILL');
  } catch (error) {
    expect(error).toMatchObject({ code: 'ESRCH' });
  }
}

function run(command: string): ChildProcess {
  const { slave } = pty;
  const child = spawn('sh', ['-c', command], { stdio: [slave, slave, slave], detached: true });
  children.push(child);
  return child;
}

/** A viewer's loop: everything from `offset` to the byte `end`. */
async function readUntil(offset: number, end: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let at = offset; at < end; ) {
    await channel.waitFor(at, 10_000);
    if (channel.ended) throw new Error(`the channel ended at ${at}, before ${end}`);
    const piece = channel.read(at, 1000);
    expect(piece.offset).toBe(at);
    parts.push(Buffer.from(piece.data));
    at += piece.data.length;
  }
  return Buffer.concat(parts);
}

test('a viewer sees what is sent, from any offset on, and what it types arrives', async () => {
  run('echo hello; read line; echo got $line');
  expect((await readUntil(0, 6)).toString()).toBe('hello\n');
  expect(channel.write(Buffer.from('this\n'))).toBe(5);
  expect((await readUntil(6, 15)).toString()).toBe('got this\n');
  expect((await readUntil(10, 15)).toString()).toBe('this\n');
  expect([channel.bytesIn, channel.bytesOut]).toEqual([5, 15]);
});

test('without a viewer, or with a slow one, the guest does not wait, and the log has every byte', async () => {
  const waiting = channel.waitFor(0, 60_000);
  const [status] = await once(run('seq 1 200000'), 'exit');
  expect(status).toBe(0);
  await waiting;
  const expected = Array.from({ length: 200_000 }, (_, i) => `${i + 1}\n`).join('');
  await channel.waitFor(expected.length - 1, 10_000);
  expect(channel.bytesOut).toBe(expected.length);
  expect(readFileSync(join(directory, 'con0'), 'utf8') === expected).toBe(true);
  const { offset, data } = channel.read(0, 100_000);
  expect(offset).toBe(expected.length - 8192);
  expect(Buffer.from(data).toString()).toBe(expected.slice(-8192));
});

test('waits end with time, signal and close', async () => {
  await channel.waitFor(0, 10);
  const control = new AbortController();
  const aborted = channel.waitFor(0, 60_000, control.signal);
  control.abort();
  await aborted;
  await channel.waitFor(0, 60_000, control.signal);
  const closed = channel.waitFor(0, 60_000);
  channel.close();
  await closed;
  await channel.waitFor(0, 60_000);
  expect(channel.ended).toBe(true);
  expect(channel.write(Buffer.from('late'))).toBe(0);
});

test('the number of those who wait is bounded, and places are given back', async () => {
  const controls = Array.from({ length: consoleLimits.waiters }, () => new AbortController());
  const waits = controls.map(({ signal }) => channel.waitFor(0, 60_000, signal));
  await expect(channel.waitFor(0, 60_000)).rejects.toMatchObject({ code: 'CONSOLE_BUSY', place: 'con0' });
  for (const control of controls) control.abort();
  await Promise.all(waits);
  await channel.waitFor(0, 1);
});

test('the controller gets the echo first, however many viewers have waited longer', async () => {
  const seen: string[] = [];
  const request = { offset: 0, max: 100, waitMs: 10_000 };
  const others = Array.from({ length: 20 }, () =>
    channel.deliver(request, false).then(() => seen.push('other')),
  );
  const typist = channel.deliver(request, true).then(() => seen.push('typist'));
  run('printf x');
  await Promise.all([...others, typist]);
  expect(seen[0]).toBe('typist');
  expect(seen).toHaveLength(21);
});

test('a kernel is woken when input or much output is followed by silence, a few times, and then left alone', async () => {
  let wakes = 0;
  channel.connect(Pty.open({ columns: 80, rows: 24 }), () => wakes++);
  const { stallTimes } = consoleLimits;
  const longest = stallTimes.slice(0, -1).reduce((sum, time) => sum + time) * 2;
  await delay(longest);
  expect(wakes).toBe(0);
  expect(channel.write(Buffer.from('x'))).toBe(1);
  // All but the first time, which is for output, and the last one, for which this test does not wait.
  await vi.waitFor(() => expect(wakes).toBe(stallTimes.length - 2), { timeout: 10_000 });
});

test('last lines are whole and harmless', async () => {
  run(`printf 'first\\r\\nsecond \\033[31mred\\nKernel panic - not syncing\\r\\r\\n'`);
  await channel.waitFor(51, 5000);
  expect(channel.lastLines(1000)).toEqual(['first', 'second \\x1b[31mred', 'Kernel panic - not syncing']);
  expect(channel.lastLines(40)).toEqual(['Kernel panic - not syncing']);
  expect(channel.lastLines(0)).toEqual([]);
});
