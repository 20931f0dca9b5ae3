import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { Channel } from '../../../src/console/channel.ts';
import { Pty } from '../../../src/console/pty.ts';
import { Emulator } from '../../../src/console/screen/emulator.ts';
import { Screens } from '../../../src/console/screen/screens.ts';
import { consoleShares } from '../../../src/system/limits/limits.ts';
import { cellsOf } from '../../helpers/terminal/cells.ts';
import '../../helpers/tiers/needs-host.ts';

/** As npm test builds it. */
const program = join(import.meta.dirname, '../../../dist/umlmon-screen.cjs');
const much = 500_000;
const viewer = { key: 'uid:1000', isOwner: false };
const closing: { close(): void }[] = [];

afterEach(() => {
  for (const each of closing.splice(0).reverse()) each.close();
});

function open(path = program): { channel: Channel; screens: Screens } {
  const channel = new Channel({ name: 'con1' });
  const screens = new Screens(path);
  closing.push(channel, screens);
  return { channel, screens };
}

/** As if the guest had printed it. */
function says(channel: Channel, text: string): void {
  channel.ring.append(Buffer.from(text));
}

async function textOf(screens: Screens, channel: Channel): Promise<string> {
  const { lines } = await screens.picture(channel, { history: 1000, bytes: much }, viewer);
  const texts = lines.map(({ runs }) => runs.map(({ text }) => text).join(''));
  return texts.join('\n').trimEnd();
}

test('a picture belongs to an offset; an incomplete sequence comes after it', async () => {
  const { channel, screens } = open();
  says(channel, 'one\r\ntwo \x1b[3');
  expect(await screens.replay(channel, { history: 0, bytes: much }, viewer)).toMatchObject({
    offset: 9,
    columns: 80,
    rows: 24,
  });
  expect(await textOf(screens, channel)).toBe('one\ntwo');
  says(channel, '1mred\x1b');
  const picture = await screens.picture(channel, { history: 0, bytes: much }, viewer);
  expect(picture.offset).toBe(channel.ring.next - 1);
  expect(picture.lines[1]?.runs).toMatchObject([{ text: 'two ' }, { text: 'red', foreground: 2 ** 24 + 1 }]);
});

test('output is drawn in the window that there was', async () => {
  const { channel, screens } = open();
  channel.resize({ columns: 10, rows: 5 });
  says(channel, '0123456789abc\r\n');
  channel.resize({ columns: 20, rows: 6 });
  says(channel, '0123456789abc\r\n');
  const emulator = new Emulator({ columns: 10, rows: 5 });
  closing.push(emulator);
  await emulator.write(Buffer.from('0123456789abc\r\n'));
  emulator.resize({ columns: 20, rows: 6 });
  await emulator.write(Buffer.from('0123456789abc\r\n'));
  const late = new Emulator({ columns: 20, rows: 6 });
  closing.push(late);
  await late.write((await screens.replay(channel, { history: 0, bytes: much }, viewer)).data);
  expect(cellsOf(late)).toEqual(cellsOf(emulator));
});

test('another kernel starts on a terminal in its default state, below the old output', async () => {
  const { channel, screens } = open();
  const pty = Pty.open({ columns: 80, rows: 24 });
  channel.connect(pty);
  says(channel, 'shell\r\n\x1b[?1049h\x1b[31m\x1b[Hvi on the other screen\x1b[5;10r\x1b[?25l\x1b]0;ti');
  expect(await screens.replay(channel, { history: 0, bytes: much }, viewer)).toMatchObject({ full: true });
  channel.disconnect();
  // What it has left, until the next one writes.
  expect(await textOf(screens, channel)).toBe('vi on the other screen');
  says(channel, 'login:');
  expect(await textOf(screens, channel)).toBe('shell\nlogin:');
  const { cursorVisible, alternate, lines } = await screens.picture(
    channel,
    { history: 0, bytes: much },
    viewer,
  );
  expect({ cursorVisible, alternate }).toEqual({ cursorVisible: true, alternate: false });
  expect(lines[1]?.runs).toMatchObject([{ foreground: 0 }]);
});

test('more output than the ring holds: the screen restarts with the content of the ring', async () => {
  const { channel, screens } = open();
  says(channel, 'first');
  expect(await textOf(screens, channel)).toBe('first');
  for (let i = 0; i < 20; i++) says(channel, `${'x'.repeat(70)}\r\n`.repeat(1000));
  says(channel, 'last');
  const { offset } = await screens.picture(channel, { history: 0, bytes: much }, viewer);
  expect(offset).toBe(channel.ring.next);
  const text = await textOf(screens, channel);
  expect(text.endsWith(`${'x'.repeat(70)}\nlast`)).toBe(true);
  expect(text).not.toContain('first');
});

test('more consoles than are kept: each has its own screen', async () => {
  const screens = new Screens(program);
  closing.push(screens);
  const channels = Array.from({ length: 6 }, (_, i) => new Channel({ name: `con${i}` }));
  closing.push(...channels);
  for (const channel of channels) says(channel, `this is ${channel.name}`);
  for (let round = 0; round < 2; round++)
    for (const channel of channels) expect(await textOf(screens, channel)).toBe(`this is ${channel.name}`);
});

test('a thread that fails is an error for its caller, and the next caller gets a new thread', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'umlmon-screen-'));
  closing.push({ close: () => rmSync(directory, { recursive: true }) });
  const dying = join(directory, 'dying.cjs');
  writeFileSync(dying, "require('node:worker_threads').parentPort.on('message', () => process.exit(1));\n");
  const { channel, screens } = open(dying);
  says(channel, 'text');
  const both = [
    screens.picture(channel, { history: 0, bytes: much }, viewer),
    screens.replay(channel, { history: 0, bytes: much }, viewer),
  ];
  const error = { code: 'CONSOLE_SCREEN', place: 'con1', reason: 'the emulator exited' };
  for (const asked of both) await expect(asked).rejects.toMatchObject(error);
  writeFileSync(dying, `require(${JSON.stringify(program)});\n`);
  expect(await textOf(screens, channel)).toBe('text');
  // After close, the next request starts the screens again.
  screens.close();
  expect(await textOf(screens, channel)).toBe('text');
});

test('a flood of what is dear to emulate on one console keeps no other one waiting', async () => {
  const screens = new Screens(program);
  closing.push(screens);
  const [flooded, quiet] = ['con1', 'con0'].map((name) => new Channel({ name }));
  if (!flooded || !quiet) throw new Error('no channels');
  closing.push(flooded, quiet);
  // Lines are inserted and deleted all over the screen.
  const dear = '\x1b[H\x1b[99L\x1b[99M\x1b[9999X\x1b[9999S'.repeat(4000);
  says(flooded, dear);
  while (flooded.ring.next < 1_000_000) says(flooded, dear);
  says(quiet, 'still here');
  const began = performance.now();
  const ask = (uid: number) =>
    screens.picture(flooded, { history: uid, bytes: much }, { key: `uid:${uid}`, isOwner: false }).then(
      () => performance.now(),
      () => performance.now(),
    );
  const slow = [ask(1), ask(2), ask(3)];
  expect(await textOf(screens, quiet)).toBe('still here');
  const took = performance.now() - began;
  const first = Math.min(...(await Promise.all(slow))) - began;
  console.log(`the quiet console: ${took.toFixed(0)} ms; the flooded one: ${first.toFixed(0)} ms`);
  expect(took).toBeLessThan(first);
}, 60_000);

test('who asks for more than its share of screens is refused, and others are not', async () => {
  const { channel, screens } = open();
  says(channel, 'text');
  const { perPeer } = consoleShares.screensAsked;
  const asked = Array.from({ length: perPeer + 5 }, (_, history) =>
    screens.picture(channel, { history, bytes: much }, viewer),
  );
  const other = screens.picture(channel, { history: 500, bytes: much }, { key: 'uid:1001', isOwner: false });
  const results = await Promise.allSettled(asked);
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(perPeer);
  expect(results.at(-1)).toMatchObject({ reason: { code: 'CONSOLE_BUSY' } });
  expect((await other).lines.length).toBeGreaterThan(0);
});
