import { closeSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Channel } from '../../src/console/channel.ts';
import { Pty } from '../../src/console/pty.ts';
import { Ring } from '../../src/console/ring.ts';
import { KernelSender } from '../../src/kernel/kernel-sender.ts';
import { Mconsole } from '../../src/kernel/mconsole.ts';
import { pidfdGetfd, pidfdOpen } from '../../src/system/native/native.ts';
import { makeTestDirectory, startTestKernel, TEST_UID, type TestKernel } from '../helpers/guest/kernel.ts';

const home = process.cwd();
let kernel: TestKernel;
let channel: Channel;
let mconsole: Mconsole;

beforeAll(async () => {
  const directory = makeTestDirectory();
  process.chdir(directory);
  const pty = Pty.open({ columns: 80, rows: 24 });
  channel = new Channel({ name: 'con1', ring: new Ring(8_000_000) });
  channel.connect(pty, () => mconsole.poke());
  kernel = startTestKernel(directory, { args: ['con1=fd:3'], inherit: [pty.slave, pty.master] });
  mconsole = Mconsole.open(
    'run/mon/reply',
    'run/uml/vm1/mconsole',
    new KernelSender({ vm: 'vm1', uid: TEST_UID }, () => undefined),
  );
  await kernel.shown('READY');
});
afterAll(async () => {
  channel.close();
  mconsole.close();
  process.chdir(home);
  await kernel.stop();
});

async function shownAt(offset: number, text: string): Promise<string> {
  for (;;) {
    const piece = channel.read(offset, 8_000_000);
    const seen = Buffer.from(piece.data).toString();
    if (seen.includes(text)) return seen;
    if (channel.ended) throw new Error(`the channel ended before it showed ${text}`);
    await channel.waitFor(piece.offset + piece.data.length, 1000);
  }
}

const lines = (count: number) => Array.from({ length: count }, (_, i) => `${i + 1}\r\n`).join('');

test('a guest reads what is typed, and sees the size of the window', async () => {
  kernel.type(
    'exec 5<>/dev/tty1; stty -echo <&5; echo size $(stty size <&5) >&5; read line <&5; echo got $line >&5',
  );
  await shownAt(0, 'size 24 80\r\n');
  channel.write(Buffer.from('typed\n'));
  await shownAt(0, 'got typed\r\n');
  channel.resize({ columns: 133, rows: 47 });
  kernel.type('while [ "$(stty size <&5)" = "24 80" ]; do sleep 0.02; done; echo size $(stty size <&5) >&5');
  await shownAt(0, 'size 47 133\r\n');
});

test('a guest that writes much, faster than it is read, never hangs, and every byte arrives', async () => {
  const at = channel.ring.next;
  // 6 MB, and a pty holds 64 KiB: without being woken the kernel stops at the first or second filling.
  kernel.type(
    'seq 1 100000 >/tmp/much; i=0; while [ $i -lt 9 ]; do cat /tmp/much; i=$((i+1)); done >&5; echo end >&5',
  );
  const seen = await shownAt(at, 'end\r\n');
  expect(seen === `${lines(100_000).repeat(9)}end\r\n`).toBe(true);
}, 30_000);

test('the next monitor takes the console over from the kernel, and loses no output', async () => {
  channel.close();
  kernel.type('(cat /tmp/much >&5; echo end >&5) & sleep 0.3; echo away');
  await kernel.shown('away\r\n');
  const pidfd = pidfdOpen(kernel.pid());
  const pty = Pty.adopt(pidfdGetfd(pidfd, 4));
  closeSync(pidfd);
  channel = new Channel({ name: 'con1', ring: new Ring(1_000_000) });
  channel.connect(pty, () => mconsole.poke());
  expect((await shownAt(0, 'end\r\n')) === `${lines(100_000)}end\r\n`).toBe(true);
}, 30_000);
