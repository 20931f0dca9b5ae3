/** Input of consoles of a real guest that reads late, or not at all. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { pictureText } from '../../../src/rpc/picture-text.ts';
import { GuestShell, waitForEvent } from '../../helpers/guest/guest.ts';
import { program, World } from '../../helpers/programs/world.ts';
import { Tmux } from '../../helpers/terminal/tmux.ts';

const world = new World();
let client: MonitorClient;

beforeAll(async () => {
  const vm =
    'mem = 64M\nubd0 = /disks/root.dsk\ncon0 = pty log\ncon1 = pty log\ncon2 = pty\non_reboot = restart\ncontrol_idle = 1s';
  world.configure({ vm1: vm, vm2: `${vm}\nappend = seccomp=on` });
  for (const name of ['vm1', 'vm2']) {
    world.addImage(name);
    await world.startMonitor(name);
    expect(world.run('umlwatch', [name, '-start'])).toMatchObject({ status: 0 });
  }
  client = await world.client('vm1');
  await GuestShell.open(client, 'con1');
  await GuestShell.open(client, 'con2');
});
afterAll(() => world.close());

const watch = (...args: string[]) => world.run('umlwatch', ['vm1', ...args]);
const md5 = (bytes: string) => createHash('md5').update(bytes).digest('hex');

/** The shells at the consoles do what they are asked to. */
function expectAlive(...channels: string[]): void {
  for (const channel of channels)
    expect(watch('-run', 'echo a$((40+2))b', '-on', channel, '-timeout', '20s')).toMatchObject({
      status: 0,
      stdout: 'a42b\n',
    });
}

function lines(bytes: number, seed: string, end = '\n'): string {
  let text = '';
  for (let i = 0; text.length < bytes; i++) text += `${seed} ${i} ${md5(`${seed}${i}`)}${end}`;
  return `${text.slice(0, bytes - 1)}${end}`;
}

/** A viewer that types as a client does; resolves to the bytes that were taken in time. */
async function typist(channel: string, of = client) {
  const { id } = await of.call('consoleAttach', { channel, columns: 0, rows: 0 });
  await of.call('consoleControl', { id, action: 'take' });
  return async (text: string, ms: number) => {
    const bytes = Buffer.from(text);
    const deadline = performance.now() + ms;
    let at = 0;
    while (at < bytes.length && performance.now() < deadline)
      at += await of.call('consoleWrite', { id, data: bytes.subarray(at, at + 16_384) });
    return at;
  };
}

/** Waits until a console shows a text. */
async function shows(channel: string, text: RegExp): Promise<void> {
  await expect
    .poll(async () => pictureText(await client.call('consolePicture', { channel, history: 0 })).join('\n'), {
      timeout: 20_000,
      interval: 100,
    })
    .toMatch(text);
}

type Typist = Awaited<ReturnType<typeof typist>>;

/** Has the shell at a console run a line that does not read; resolves when it runs, for the shell itself reads ahead. */
async function occupy(type: Typist, channel: string, line: string): Promise<void> {
  const mark = `busy-${++count}`;
  await type(`echo ${mark.slice(0, 2)}""${mark.slice(2)}; ${line}\r`, 20_000);
  await shows(channel, new RegExp(`^${mark}$`, 'm'));
}
let count = 0;

/** Shell text that sleeps until `wake`, which another console does, and which returns when it is awake. */
const untilWoken = 'until [ -e /tmp/go ]; do usleep 100000; done; rm /tmp/go';
function wake(channel: string): void {
  const line = 'touch /tmp/go; while [ -e /tmp/go ]; do usleep 50000; done';
  expect(watch('-run', line, '-on', channel, '-timeout', '20s')).toMatchObject({ status: 0 });
}

const inputOf = async (channel: string) =>
  (await client.call('info', undefined)).consoles.find((one) => one.channel === channel);

test('5 KB for a guest that sleeps wait; then the console works as before', async () => {
  expect(
    watch('-send', 'sleep 3\\r', '-send', 'x'.repeat(100).concat('\\r').repeat(50), '-timeout', '20s'),
  ).toMatchObject({ status: 0 });
  expectAlive('con1');
}, 60_000);

test('-send without a reader ends in time and prints how much was written and how much was dropped', async () => {
  const type = await typist('con1');
  await occupy(type, 'con1', 'sleep 1000');
  const ran = watch('-send', 'y'.repeat(99).concat('\\r').repeat(60), '-timeout', '2s');
  expect(ran.status).toBe(8);
  const [, taken, dropped] = /it took (\d+) bytes; (\d+) were dropped/.exec(ran.stderr) ?? [];
  expect(Number(taken)).toBeGreaterThan(2000);
  expect(Number(taken)).toBeLessThan(3968);
  expect(Number(taken) + Number(dropped)).toBe(6000);
  expect(await type('\x03', 1000)).toBe(1);
  expectAlive('con1');
}, 60_000);

test('what waits is an event, and in the state of the VM, until the guest reads', async () => {
  const { eventsNext } = await client.call('info', undefined);
  const type = await typist('con1');
  await occupy(type, 'con1', `${untilWoken}; cat >/dev/null`);
  const text = lines(20_000, 'wait');
  const typing = type(text, 30_000);
  const event = await waitForEvent(client, 'input-waiting', eventsNext);
  expect(event).toMatch(/^con1: the guest is not reading \(\d+ bytes unread\); \d+ bytes of input wait$/);
  // Between two calls of the client nothing waits.
  const isWaiting = async () => {
    const { inputWaiting = 0, inputWaitedMs = 0, inputUnread = 0 } = (await inputOf('con1')) ?? {};
    return inputWaiting > 10_000 && inputWaitedMs > 900 && inputUnread < 3968;
  };
  await expect.poll(isWaiting, { timeout: 20_000 }).toBe(true);
  wake('con2');
  expect(await typing).toBe(text.length);
  await waitForEvent(client, 'input-taken', eventsNext);
  await type('\x04', 1000);
  expectAlive('con1');
  expect(await inputOf('con1')).toMatchObject({ inputWaiting: 0 });
}, 60_000);

test('200 KB of input that start while the guest sleeps arrive complete', async () => {
  const type = await typist('con1');
  const text = lines(200_000, 'late');
  await occupy(type, 'con1', `${untilWoken}; stty -echo; head -c ${text.length} >/root/late; stty echo`);
  const { eventsNext } = await client.call('info', undefined);
  const typing = type(text, 60_000);
  await waitForEvent(client, 'input-waiting', eventsNext);
  wake('con2');
  expect(await typing).toBe(text.length);
  expect(watch('-run', 'md5sum </root/late', '-timeout', '20s').stdout).toContain(md5(text));
}, 90_000);

test('20 KB arrive complete in vi', async () => {
  const type = await typist('con1');
  const text = lines(20_000, 'vi');
  await type('rm -f /root/vi; vi /root/vi\r', 1000);
  await shows('con1', /^- \/root\/vi/m);
  expect(await type(`i${text.replaceAll('\n', '\r')}`, 60_000)).toBe(text.length + 1);
  // An Escape with other keys right behind it is a function key to vi.
  await shows('con1', /^I \/root\/vi/m);
  await shows('con1', new RegExp(`^${text.trimEnd().split('\n').at(-2)}`, 'm'));
  await type('\x1b', 20_000);
  await shows('con1', /^- \/root\/vi/m);
  expect(await type(':wq\r', 20_000)).toBe(4);
  const ran = watch('-run', 'head -c 20000 /root/vi | md5sum', '-timeout', '20s');
  expect(ran.stdout).toContain(md5(text));
}, 120_000);

test('a shell with line editing runs every line of a paste', async () => {
  const type = await typist('con1');
  const text = Array.from({ length: 300 }, (_, i) => `echo line-${i} is pasted >>/root/typed\r`).join('');
  expect(await type(`rm -f /root/typed\r${text}`, 60_000)).toBeGreaterThan(text.length);
  expect(watch('-run', 'grep -c pasted /root/typed', '-timeout', '20s').stdout).toBe('300\n');
}, 90_000);

test('busy processes, and one that polls another console, are not taken for a reader', async () => {
  const type = await typist('con1');
  await occupy(type, 'con1', `yes >/dev/null & while :; do usleep 1000; done & ${untilWoken}`);
  const taken = await type(lines(10_000, 'busy'), 4_000);
  expect(taken).toBeLessThan(3968);
  wake('con2');
  expect(await type('\x03', 5000)).toBe(1);
  await type('\rkill %1 %2\r', 5000);
  expectAlive('con1');
}, 60_000);

test('the same paste at two consoles: one reads, the other does not', async () => {
  const [one, two] = [await typist('con1'), await typist('con2')];
  await Promise.all([occupy(one, 'con1', 'sleep 1000'), occupy(two, 'con2', 'cat >/dev/null')]);
  const text = lines(50_000, 'both');
  const [taken, all] = await Promise.all([one(text, 4_000), two(text, 20_000)]);
  expect(taken).toBeLessThan(3968);
  expect(all).toBe(text.length);
  await two('\x04', 5000);
  await one('\x03', 5000);
  expectAlive('con1', 'con2');
}, 90_000);

test('a session that ends with unread input: the next one can be used', async () => {
  const type = await typist('con2');
  await occupy(type, 'con2', `echo $$ >/tmp/shell; ${untilWoken}; kill -9 $$`);
  expect(await type(lines(10_000, 'end'), 2_000)).toBeLessThan(3968);
  wake('con1');
  const gone = 'while [ -e /proc/$(cat /tmp/shell) ]; do usleep 50000; done';
  expect(watch('-run', gone, '-on', 'con1', '-timeout', '20s')).toMatchObject({ status: 0 });
  expectAlive('con2');
}, 60_000);

test('after a new start nothing of the old input counts', async () => {
  const type = await typist('con2');
  await type('sleep 1000\r', 1000);
  await type(lines(10_000, 'boot'), 1_500);
  const { eventsNext } = await client.call('info', undefined);
  expect(watch('-kill', '-start')).toMatchObject({ status: 0 });
  await waitForEvent(client, 'ready', eventsNext);
  expectAlive('con1', 'con2');
}, 90_000);

test('CTRL-C in a session drops waiting input and prints its size', async () => {
  const umlwatch = `exec "${process.execPath}" "${program('umlwatch')}" -config "${world.configPath}" "$@"`;
  const terminal = new Tmux({ commands: { umlwatch } });
  try {
    await terminal.shows('$');
    terminal.afresh('umlwatch vm1 -connect con1 -force');
    await terminal.shows('con1 of vm1');
    terminal.line('stty -echo; echo sle""eps; sleep 1000; stty echo');
    await terminal.shows(/^sleeps$/m);
    terminal.paste(lines(20_000, 'key'));
    await terminal.shows(/con1: the guest is not reading; 1\d{4} bytes of input wait/);
    terminal.keys('C-c');
    await terminal.shows(/con1: 1\d{4} bytes of input dropped: interrupted/);
    terminal.line('stty echo; echo a$((40+2))b');
    await terminal.shows('a42b');
    terminal.keys('C-]', 'd');
    await terminal.shows('[detached from con1]');
  } finally {
    terminal.close();
  }
  expectAlive('con1');
}, 60_000);

test('a monitor that is killed in the middle of a paste: the next monitor does no harm', async () => {
  const type = await typist('con1');
  await occupy(type, 'con1', 'sleep 1000');
  const { eventsNext } = await client.call('info', undefined);
  const typing = type(lines(50_000, 'kill'), 20_000).catch(() => -1);
  await waitForEvent(client, 'input-waiting', eventsNext);
  await world.killMonitor('vm1');
  expect(await typing).toBe(-1);
  await world.startMonitor('vm1');
  client = await world.client('vm1');
  const again = await typist('con1');
  expect(await again(lines(20_000, 'next'), 3_000)).toBeLessThan(1000);
  await again('\x03', 5000);
  expectAlive('con1');
}, 90_000);

test('a guest whose kernel uses seccomp for its processes', async () => {
  const lines = 'x'.repeat(99).concat('\\r').repeat(100);
  const words = ['-send', 'sleep 2\\r', '-send', lines, '-timeout', '20s', '-run', 'echo ok'];
  expect(world.run('umlwatch', ['vm2', ...words])).toMatchObject({ status: 0, stdout: 'ok\n' });
  const { consoles } = JSON.parse(world.run('umlwatch', ['vm2', '-info', '-json']).stdout);
  expect(consoles.find(({ channel }: { channel: string }) => channel === 'con1')).toMatchObject({
    inputSeen: true,
  });
}, 60_000);

test('a monitor without the right to inspect its kernel writes input in pieces and marks its state as estimated', async () => {
  const blind = new World(['setpriv', '--bounding-set=-sys_ptrace', '--']);
  try {
    blind.configure({ vm3: 'mem = 64M\nubd0 = /disks/root.dsk\ncon1 = pty log' });
    blind.addImage('vm3');
    await blind.startMonitor('vm3');
    const words = ['-send', 'sleep 3\\r', '-send', 'x'.repeat(99).concat('\\r').repeat(50)];
    const ran = blind.run('umlwatch', ['vm3', '-start', ...words, '-timeout', '30s', '-run', 'echo ok']);
    expect(ran).toMatchObject({ status: 0, stdout: expect.stringMatching(/\nok\n$/) });
    const { consoles } = JSON.parse(blind.run('umlwatch', ['vm3', '-info', '-json']).stdout);
    expect(consoles.find(({ channel }: { channel: string }) => channel === 'con1')).toMatchObject({
      inputSeen: false,
    });
  } finally {
    await blind.close();
  }
}, 90_000);
