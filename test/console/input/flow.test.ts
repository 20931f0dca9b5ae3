import { createHash, randomBytes } from 'node:crypto';

import { afterAll, beforeAll, expect, test } from 'vitest';
import { Channel } from '../../../src/console/channel.ts';
import { GuestTerminals } from '../../../src/console/input/guest-terminals.ts';
import { Pty } from '../../../src/console/pty.ts';
import { Ring } from '../../../src/console/ring.ts';
import { KernelSender } from '../../../src/kernel/kernel-sender.ts';
import { Mconsole } from '../../../src/kernel/mconsole.ts';
import { processIdentity } from '../../../src/system/native/process.ts';
import { makeTestDirectory, startTestKernel, TEST_UID, type TestKernel } from '../../helpers/guest/kernel.ts';

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
  const identity = processIdentity(kernel.pid());
  if (!identity) throw new Error('the kernel has ended');
  channel.useTerminals(new GuestTerminals(identity));
  kernel.type('stty -echo; echo "qui"et');
  await kernel.shown('quiet\r\n');
});
afterAll(async () => {
  channel.close();
  mconsole.close();
  process.chdir(home);
  await kernel.stop();
});

/** Types everything, as a client does; returns the bytes that were taken within the time. */
async function paste(bytes: Uint8Array, ms: number): Promise<number> {
  const deadline = performance.now() + ms;
  let at = 0;
  while (at < bytes.length && performance.now() < deadline)
    at += await channel.type(bytes.subarray(at, at + 65_536), { waitMs: 250 });
  return at;
}

function lines(bytes: number, seed: string): Buffer {
  let text = '';
  for (let i = 0; text.length < bytes; i++)
    text += `${seed} ${i} ${createHash('md5').update(`${seed}${i}`).digest('hex')}\n`;
  return Buffer.from(`${text.slice(0, bytes - 1)}\n`);
}

const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');
let runs = 0;

/** Runs a line in the shell at con0, whose terminal does not echo; resolves to its output. */
async function run(line: string): Promise<string> {
  runs += 1;
  const from = kernel.output().length;
  kernel.type(`${line}; echo "do"ne-${runs}`);
  await kernel.shown(`done-${runs}\r\n`);
  return kernel.output().slice(from).replaceAll('\r', '');
}

test('a paste of 1 MB arrives complete in a guest that reads lines', async () => {
  await run('exec 5<>/dev/tty1; stty -echo <&5');
  const bytes = lines(1_000_000, 'line');
  kernel.type(`head -c ${bytes.length} <&5 >/tmp/pasted; md5sum /tmp/pasted; echo "do"ne-reading`);
  expect(await paste(bytes, 60_000)).toBe(bytes.length);
  await kernel.shown('done-reading\r\n');
  expect(kernel.output()).toContain(md5(bytes));
}, 90_000);

test('a paste of 1 MB arrives complete in a guest in raw mode', async () => {
  await run('stty raw -echo <&5');
  const bytes = randomBytes(1_000_000);
  kernel.type(`head -c ${bytes.length} <&5 >/tmp/pasted; md5sum /tmp/pasted; echo "do"ne-raw`);
  expect(await paste(bytes, 60_000)).toBe(bytes.length);
  await kernel.shown('done-raw\r\n');
  expect(kernel.output()).toContain(md5(bytes));
}, 90_000);

test('input of a guest that does not read waits, and arrives when it does', async () => {
  await run('stty sane -echo <&5');
  const bytes = lines(200_000, 'later');
  const taken = await paste(bytes, 3000);
  expect(taken).toBeLessThan(3900);
  expect(channel.input).toMatchObject({ isSeen: true });
  kernel.type(`head -c ${bytes.length} <&5 >/tmp/pasted; md5sum /tmp/pasted; echo "do"ne-late`);
  expect(await paste(bytes.subarray(taken), 30_000)).toBe(bytes.length - taken);
  await kernel.shown('done-late\r\n');
  expect(kernel.output()).toContain(md5(bytes));
}, 60_000);

test('a line that is longer than a terminal takes waits, and does no harm', async () => {
  await run('stty sane -echo <&5');
  const bytes = Buffer.alloc(6000, 'x');
  const taken = await paste(bytes, 3000);
  expect(taken).toBeGreaterThanOrEqual(3840);
  expect(taken).toBeLessThan(3968);
  await run('stty raw -echo <&5');
  kernel.type(`head -c ${bytes.length} <&5 >/tmp/pasted; md5sum /tmp/pasted; echo "do"ne-long`);
  expect(await paste(bytes.subarray(taken), 20_000)).toBe(bytes.length - taken);
  await kernel.shown('done-long\r\n');
  expect(kernel.output()).toContain(md5(bytes));
}, 60_000);

test('a console that no process has open gets the typed input when a process opens it', async () => {
  await run('exec 5<&-');
  const bytes = lines(20_000, 'closed');
  const taken = await paste(bytes, 1500);
  expect(taken).toBeLessThan(3968);
  kernel.type(`exec 5<>/dev/tty1; stty -echo <&5; head -c ${bytes.length} <&5 | md5sum; echo "do"ne-open`);
  expect(await paste(bytes.subarray(taken), 20_000)).toBe(bytes.length - taken);
  await kernel.shown('done-open\r\n');
  expect(kernel.output()).toContain(md5(bytes));
}, 60_000);
