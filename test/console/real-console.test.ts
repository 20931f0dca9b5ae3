import { closeSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Channel } from '../../src/console/channel.ts';
import { Pty } from '../../src/console/pty.ts';
import { Ring } from '../../src/console/ring.ts';
import { pidfdGetfd, pidfdOpen } from '../../src/system/native.ts';
import { makeTestDirectory, startTestKernel, type TestKernel } from '../helpers/kernel.ts';

let kernel: TestKernel;
let channel: Channel;

beforeAll(async () => {
  const pty = Pty.open({ columns: 80, rows: 24 });
  channel = new Channel({ name: 'con1', pty, ring: new Ring(1_000_000) });
  kernel = startTestKernel(makeTestDirectory(), { args: ['con1=fd:3'], inherit: [pty.slave, pty.master] });
  await kernel.shown('READY');
});
afterAll(async () => {
  channel.close();
  await kernel.stop();
});

async function shownAt(offset: number, text: string): Promise<string> {
  for (;;) {
    const piece = channel.read(offset, 1_000_000);
    const seen = Buffer.from(piece.data).toString();
    if (seen.includes(text)) return seen;
    await channel.waitFor(piece.offset + piece.data.length, 1000);
  }
}

const lines = (count: number) => Array.from({ length: count }, (_, i) => `${i + 1}\r\n`).join('');

test('a guest writes through a console, every byte', async () => {
  kernel.type('seq 1 50000 >/dev/tty1; echo end >/dev/tty1');
  expect((await shownAt(0, 'end\r\n')) === `${lines(50_000)}end\r\n`).toBe(true);
});

test('a guest reads what is typed, and sees the size of the window', async () => {
  const at = channel.ring.next;
  kernel.type(
    'exec 5<>/dev/tty1; stty -echo <&5; echo size $(stty size <&5) >&5; read line <&5; echo got $line >&5',
  );
  await shownAt(at, 'size 24 80\r\n');
  channel.write(Buffer.from('typed\n'));
  await shownAt(at, 'got typed\r\n');
  channel.resize({ columns: 133, rows: 47 });
  kernel.type('while [ "$(stty size <&5)" = "24 80" ]; do sleep 0.02; done; echo size $(stty size <&5) >&5');
  await shownAt(at, 'size 47 133\r\n');
});

test('a successor takes the console over from the kernel, and loses nothing', async () => {
  channel.close();
  kernel.type('(seq 1 30000 >&5; echo end >&5) & sleep 0.3; echo away');
  await kernel.shown('away\r\n');
  const pidfd = pidfdOpen(kernel.pid());
  const pty = Pty.adopt(pidfdGetfd(pidfd, 4));
  closeSync(pidfd);
  channel = new Channel({ name: 'con1', pty, ring: new Ring(1_000_000) });
  if (process.env.WAKE) {
    await channel.waitFor(0, 500);
    await new Promise((r) => setTimeout(r, 1000));
    console.log('before wake', channel.bytesOut);
  }
  channel.write(Buffer.of(0x11));
  expect((await shownAt(0, 'end\r\n')) === `${lines(30_000)}end\r\n`).toBe(true);
});
