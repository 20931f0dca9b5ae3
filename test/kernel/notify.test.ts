import '../helpers/tiers/needs-host.ts';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KernelSender } from '../../src/kernel/kernel-sender.ts';
import { decodeNotification } from '../../src/kernel/mconsole-packet.ts';
import { type Notification, NotifyListener } from '../../src/kernel/notify.ts';
import type { UmlmonError } from '../../src/system/errors/errors.ts';
import { kernelLimits } from '../../src/system/limits/limits.ts';
import { openDatagram, sendDatagram } from '../../src/system/native/native.ts';

const uid = process.geteuid?.() ?? 0;
let told: UmlmonError[];
let kernel: KernelSender;
let directory: string;
let path: string;
let sender: number;
let heard: Notification[];
let listener: NotifyListener;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'umlmon-notify-'));
  path = join(directory, 'notify');
  writeFileSync(path, 'left over');
  heard = [];
  told = [];
  kernel = new KernelSender({ vm: 'vm1', uid, pid: process.pid }, (error) => told.push(error));
  listener = NotifyListener.open(path, (notification) => heard.push(notification));
  listener.hear(kernel);
  sender = openDatagram('');
});
afterEach(() => {
  closeSync(sender);
  listener.close();
  rmSync(directory, { recursive: true });
});

/** Sends as the kernel does: waits for room in the queue. */
async function send(bytes: Uint8Array): Promise<void> {
  for (;;) {
    try {
      sendDatagram(sender, bytes, path);
      return;
    } catch {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

const panic = (text: string) => {
  const data = Buffer.from(`${text}\0`);
  const header = Buffer.from('bebafeca020000000100000000000000', 'hex');
  header.writeUInt32LE(data.length, 12);
  return Buffer.concat([header, data]);
};

test('whatever is sent, it is read, counted, and the next panic arrives', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 700 }), { maxLength: 40 }), async (datagrams) => {
      // A new one: it passes on so many panics per second only.
      listener.close();
      listener = NotifyListener.open(path, (notification) => heard.push(notification));
      listener.hear(kernel);
      heard.length = 0;
      for (const bytes of datagrams) await send(bytes);
      await send(panic('Kernel panic\n'));
      await expect.poll(() => heard.at(-1), { interval: 1 }).toEqual({ type: 'panic', text: 'Kernel panic' });
      const good = datagrams.filter((bytes) => decodeNotification(Buffer.from(bytes))).length;
      expect(listener.counts.malformed).toBe(datagrams.length - good);
    }),
    { numRuns: 40 },
  );
});

test('the socket goes with the listener', () => {
  expect(existsSync(path)).toBe(true);
  listener.close();
  listener.close();
  expect(existsSync(path)).toBe(false);
});

test('a flood of one type is cut, counted, and does not hide another type', async () => {
  for (let i = 0; i < 500; i++) await send(panic(`panic ${i}`));
  const hang = panic('hang');
  hang.writeUInt32LE(2, 8);
  await send(hang);
  await expect.poll(() => heard.at(-1), { interval: 1 }).toEqual({ type: 'hang', text: 'hang' });
  // Two seconds' worth, should one begin in between.
  expect(heard.length).toBeLessThanOrEqual(2 * kernelLimits.notifyPerSecond + 1);
  expect(listener.counts.suppressed).toBe(501 - heard.length);
});

/** Another process sends panics, until it is killed: `times` each, or without end. */
function forge(as: number, times: number): ChildProcess {
  chmodSync(directory, 0o755);
  const script = `
import os, socket, sys
if ${as} != os.getuid(): os.setgroups([]); os.setgid(${as}); os.setuid(${as})
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(${JSON.stringify(path)})
n = ${times}
while n != 0:
  s.send(bytes.fromhex("${panic('forged').toString('hex')}"))
  n -= 1`;
  return spawn('python3', ['-c', script], { stdio: ['ignore', 'ignore', 'inherit'] });
}

test.each([
  ['another user', 61_234],
  ['the same user, but another process', uid],
])('messages from %s are counted, dropped, and reported once', async (_who, as) => {
  const forger = forge(as, 30);
  expect(await once(forger, 'exit')).toEqual([0, null]);
  await expect.poll(() => kernel.forged).toBe(30);
  await send(panic('true'));
  await expect.poll(() => heard).toEqual([{ type: 'panic', text: 'true' }]);
  expect(told).toEqual([
    expect.objectContaining({
      code: 'KERNEL_FORGED',
      reason: expect.stringContaining(`process ${forger.pid} of user ${as} `),
    }),
  ]);
  expect(listener.counts).toEqual({ malformed: 0, suppressed: 0 });
});

test('a flood of others costs others little, and the kernel is heard in it', async () => {
  const forger = forge(61_234, -1);
  try {
    await expect.poll(() => kernel.forged).toBeGreaterThan(1000);
    const turns: number[] = [];
    for (let i = 0; i < 20; i++) {
      const before = performance.now();
      await new Promise((resolve) => setImmediate(resolve));
      turns.push(performance.now() - before);
    }
    // The median turn of the event loop: a bounded number of datagrams each.
    expect(turns.sort((a, b) => a - b)[10]).toBeLessThan(20);
    await send(panic('true'));
    await expect.poll(() => heard.at(-1)?.text, { timeout: 20_000 }).toBe('true');
    expect(told).toHaveLength(1);
  } finally {
    forger.kill('SIGKILL');
  }
});

test('nothing is heard before it is known who the kernel is', async () => {
  listener.close();
  listener = NotifyListener.open(path, (notification) => heard.push(notification));
  await send(panic('early'));
  await new Promise((resolve) => setImmediate(resolve));
  expect(heard).toEqual([]);
  listener.hear(kernel);
  await expect.poll(() => heard.map(({ text }) => text)).toEqual(['early']);
});
