import { closeSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { decodeNotification } from '../../src/kernel/mconsole-packet.ts';
import { type Notification, NotifyListener } from '../../src/kernel/notify.ts';
import { kernelLimits } from '../../src/system/limits.ts';
import { openDatagram, sendDatagram } from '../../src/system/native.ts';

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
  listener = NotifyListener.open(path, (notification) => heard.push(notification));
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
