/** Several at one console of a real guest. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Emulator } from '../../../src/console/screen/emulator.ts';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { UMLMON_DATA_MAX } from '../../../src/rpc/umlmonctrl.gen.ts';
import { GuestShell, waitForEvent } from '../../helpers/guest/guest.ts';
import { World } from '../../helpers/programs/world.ts';
import { cellsOf } from '../../helpers/terminal/cells.ts';

const world = new World();
const clients: MonitorClient[] = [];

beforeAll(async () => {
  const vm =
    'mem = 64M\nubd0 = /disks/root.dsk\ncon0 = pty log\ncon1 = pty log\ncon2 = pty\ncontrol_idle = 1s';
  world.configure({ vm1: vm, vm2: vm.replace('control_idle = 1s', 'control_idle = off') });
  world.addImage('vm1');
  world.addImage('vm2');
  for (const name of ['vm1', 'vm2']) {
    await world.startMonitor(name);
    expect(world.run('umlwatch', [name, '-start'])).toMatchObject({ status: 0 });
  }
});
afterAll(async () => {
  for (const client of clients) client.close();
  await world.close();
});

async function connect(vm: string): Promise<MonitorClient> {
  const client = await world.client(vm);
  clients.push(client);
  return client;
}

const noWindow = { columns: 0, rows: 0 };
const attach = (client: MonitorClient, channel = 'con2', size = noWindow) =>
  client.call('consoleAttach', { channel, ...size });

test('one viewer has control; the others see who it is, and may take control', async () => {
  const [first, second] = [await connect('vm2'), await connect('vm2')];
  const { eventsNext } = await first.call('info', undefined);
  const a = await attach(first, 'con2', { columns: 90, rows: 30 });
  const b = await attach(second, 'con2', { columns: 70, rows: 20 });
  expect(await first.call('consoleControl', { id: a.id, action: 'request' })).toMatchObject({ yours: true });
  const asked = await second.call('consoleControl', { id: b.id, action: 'request' });
  expect(asked).toMatchObject({ yours: false, controller: { id: a.id, by: 'uid 0', controls: true } });
  const write = second.call('consoleWrite', { id: b.id, data: Buffer.from('x') });
  await expect(write).rejects.toMatchObject({ code: 'CONSOLE_NOT_CONTROLLER', place: 'con2' });

  expect(await second.call('consoleControl', { id: b.id, action: 'take' })).toMatchObject({ yours: true });
  const late = first.call('consoleWrite', { id: a.id, data: Buffer.from('x') });
  await expect(late).rejects.toMatchObject({ code: 'CONSOLE_NOT_CONTROLLER' });
  const { events } = await first.call('events', { since: eventsNext, max: 64, waitMs: 0 });
  const taken = events.filter(({ kind }) => kind === 'console-controller').at(-1);
  expect(taken?.text).toBe('con2: uid 0 took it');
  expect(Object.fromEntries(taken?.attributes.map(({ name, value }) => [name, value]) ?? [])).toEqual({
    channel: 'con2',
    by: 'uid 0',
    viewer: `${b.id}`,
    former: `${a.id}`,
  });
  const { viewers } = await first.call('consoleWho', 'con2');
  expect(viewers.map(({ id, controls }) => [id, controls])).toEqual([
    [b.id, true],
    [a.id, false],
  ]);
  // The window is that of who types.
  const size = async () => {
    const { columns, rows } = await first.call('consolePicture', { channel: 'con2', history: 0 });
    return `${columns}x${rows}`;
  };
  expect(await size()).toBe('70x20');
  await first.call('consoleResize', { id: a.id, columns: 99, rows: 33 });
  expect(await size()).toBe('70x20');
  await second.call('consoleDetach', b.id);
  expect(await first.call('consoleControl', { id: a.id, action: 'request' })).toMatchObject({ yours: true });
  expect(await size()).toBe('99x33');
  await first.call('consoleDetach', a.id);
  expect((await first.call('consoleWho', '')).viewers).toEqual([]);
});

test('a controller that is idle for control_idle loses control to a viewer that types', async () => {
  const [first, second] = [await connect('vm1'), await connect('vm1')];
  const a = await attach(first);
  const b = await attach(second);
  await first.call('consoleWrite', { id: a.id, data: Buffer.from('\r') });
  const ask = async () => (await second.call('consoleControl', { id: b.id, action: 'request' })).yours;
  await expect.poll(ask, { timeout: 10_000 }).toBe(true);
  const { viewers } = await second.call('consoleWho', 'con2');
  expect(viewers.map(({ id, controls }) => [id, controls])).toEqual([
    [b.id, true],
    [a.id, false],
  ]);
  await first.call('consoleDetach', a.id);
  await second.call('consoleDetach', b.id);
});

test('a read acknowledges what is before it; what was missed is counted', async () => {
  const client = await connect('vm2');
  const shell = await GuestShell.open(client);
  const slow = await attach(client, 'con1');
  await shell.run('dd if=/dev/zero bs=64k count=40 2>/dev/null | tr "\\0" a; echo');
  const viewer = async () =>
    (await client.call('consoleWho', 'con1')).viewers.find(({ id }) => id === slow.id);
  const before = await viewer();
  expect(before).toMatchObject({ acknowledged: slow.next, skipped: 0 });
  expect(before?.behind).toBeGreaterThan(40 * 65_536);
  const piece = await client.call('consoleRead', { id: slow.id, offset: slow.next, max: 1, waitMs: 0 });
  expect((await viewer())?.skipped).toBe(piece.offset - slow.next);
  expect(piece.offset).toBeGreaterThan(slow.next);
});

test('a note is in the output and in the log', async () => {
  const client = await connect('vm2');
  const viewer = await attach(client, 'con1');
  await client.call('consoleNote', { channel: 'con1', text: 'rebooting at noon\x1b[2J' });
  expect(await waitForEvent(client, 'console-note')).toBe('uid 0 noted at con1: rebooting at noon\\x1b[2J');
  const { data } = await client.call('consoleRead', {
    id: viewer.id,
    offset: viewer.next,
    max: 4096,
    waitMs: 0,
  });
  const line = '\r\n[umlmon: uid 0: rebooting at noon\\x1b[2J]\r\n';
  expect(Buffer.from(data).toString()).toBe(line);
  expect(world.log('vm2', 'con1')).toContain(line);
});

test('the screen at an offset, and the bytes after it: no gap, and nothing twice', async () => {
  const client = await connect('vm1');
  const shell = await GuestShell.open(client);
  const size = { columns: 72, rows: 18 };
  const early = await attach(client, 'con1', size);
  await shell.run('stty columns 72 rows 18; seq 100');
  // What comes meanwhile is in the one or in the other.
  await shell.type(
    'for i in $(seq 300); do printf "\\033[$((i%17+1));$((i%60+1))H\\033[3$((i%8))m$i"; done; echo E""ND\r',
  );
  const replay = await client.call('consoleReplay', { channel: 'con1', history: 0 });
  await shell.until(/END/);

  const all = new Emulator(size);
  const late = new Emulator(size);
  const readTo = async (emulator: Emulator, from: number) => {
    for (let offset = from; ; ) {
      const piece = await client.call('consoleRead', { id: early.id, offset, max: 65_536, waitMs: 0 });
      if (piece.data.length === 0) return;
      await emulator.write(piece.data);
      offset = piece.offset + piece.data.length;
    }
  };
  await readTo(all, early.oldest);
  late.resize(replay);
  await late.write(replay.data);
  late.resize(size);
  await readTo(late, replay.offset);
  expect(cellsOf(late)).toEqual(cellsOf(all));
  const { lines } = await client.call('consolePicture', { channel: 'con1', history: 0 });
  expect(lines.map(({ runs }) => runs.map(({ text }) => text).join('')).join('\n')).toContain('END');
});

test('a request for more than an answer can carry gets a full answer', async () => {
  const client = await connect('vm1');
  const shell = await GuestShell.open(client);
  await shell.run('head -c 100000 /dev/zero | tr "\\0" x; echo');
  const { id, oldest } = await attach(client, 'con1');
  const all = { max: 0xffff_ffff, waitMs: 0 };
  const read = await client.call('consoleRead', { id, offset: oldest, ...all });
  expect(read.data.length).toBe(UMLMON_DATA_MAX);
  const log = await client.call('logRead', { channel: 'con1', offset: 0, ...all });
  expect(log.data.length).toBe(UMLMON_DATA_MAX);
});
