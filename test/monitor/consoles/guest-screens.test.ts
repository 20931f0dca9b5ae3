/**
 * The screen that a late viewer is given is that of a viewer who was there from the start, cell by cell: programs that
 * draw on the whole screen run in a guest, and in between somebody else comes.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Terminal } from '@xterm/headless';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Size } from '../../../src/console/pty.ts';
import { GuestShell } from '../../helpers/guest/guest.ts';
import { addToImage, programFiles } from '../../helpers/guest/guest-programs.ts';
import { World } from '../../helpers/programs/world.ts';
import { ScreenViewer } from '../../helpers/terminal/screen-viewer.ts';
import { corpus } from '../../helpers/terminal/vttest.ts';

const world = new World();
const usual = { columns: 80, rows: 24 };
const prompt = /(^|\n)vm1:\/root#$/;
const packages = { vim: 'vim', htop: 'htop', less: 'less', dialog: 'dialog', top: 'procps' };

/** Types for the programs, at con1. */
let early: ScreenViewer;
/** Those who came since the program has begun, and are still there. */
const late: ScreenViewer[] = [];
/** At con2: does what is to be done beside the programs. */
let shell: GuestShell;
let marks = 0;

beforeAll(async () => {
  world.configure({ vm1: 'mem = 128M\nubd0 = /disks/root.dsk\ncon1 = pty\ncon2 = pty' });
  const files = Object.entries(corpus).map(([name, text]) => {
    const path = join(world.home, name);
    writeFileSync(path, text);
    return [`/corpus/${name}`, path] as const;
  });
  addToImage(world.addImage('vm1'), new Map([...programFiles(packages), ...files]));
  await world.startMonitor('vm1');
  const client = await world.client('vm1');
  await client.call('start', undefined);
  early = await ScreenViewer.fromStart(client, 'con1', usual);
  shell = await GuestShell.open(await world.client('vm1'), 'con2');
  await beside(
    'for i in $(seq 300); do echo "line $i of a text: $((i * i))"; done >/tmp/text; mkfifo /tmp/percent',
  );
  await early.until(prompt);
  // A shell without job control does not meddle when a program is stopped.
  await early.type('set +m; export LC_ALL=C.UTF-8; clear; echo re""ady\r');
  await early.until(/^ready\nvm1:.*#$/m);
});
afterEach(() => {
  for (const viewer of late.splice(0)) viewer.close();
});
afterAll(() => world.close());

/** Somebody comes. All who came have what the first one has, as of the same byte, whatever is said meanwhile. */
async function meet(): Promise<void> {
  late.push(await ScreenViewer.late(await world.client('vm1'), 'con1'));
  const all = [early, ...late];
  const at = Math.max(...all.map(({ offset }) => offset));
  for (const viewer of all) await viewer.readTo(at);
  const expected = early.look();
  for (const viewer of late) expect(viewer.look()).toEqual(expected);
}

/** What is typed, and what the screen shows then. */
async function drive(
  steps: readonly (readonly [keys: string, pattern: RegExp, also?: (terminal: Terminal) => boolean])[],
): Promise<void> {
  for (const [keys, pattern, also] of steps) {
    await early.type(keys);
    await early.until(pattern, also);
    await meet();
  }
}

function isColoured({ buffer: { active }, rows, cols }: Terminal): boolean {
  const cells = Array.from({ length: rows * cols }, (_, i) =>
    active.getLine(active.baseY + Math.floor(i / cols))?.getCell(i % cols),
  );
  return cells.some((cell) => cell?.isFgPalette());
}

/** Runs a line at con2, whose shell may draw its own line anew at any time. */
async function beside(line: string): Promise<void> {
  marks += 1;
  await shell.type(`${line}; echo do""ne-${marks}\r`);
  await shell.until(new RegExp(`^done-${marks}\\r*\\n[^]*# (?:\\x1b\\[(?:6n|J))*$`, 'm'));
}

/** Everybody's window, at one byte of the output: the program is stopped, and the last that it said is there. */
async function resize(program: string, size: Size): Promise<void> {
  const mark = `stopped ${marks}`;
  await beside(`killall -STOP ${program}; printf '\\033]2;${mark}\\007' >/dev/tty1`);
  await early.untilBytes(`${mark}\x07`);
  for (const viewer of late) await viewer.readTo(early.offset);
  await early.resize(size);
  for (const { terminal } of late) terminal.resize(size.columns, size.rows);
  await beside(`killall -CONT ${program}`);
}

/** Back on the shell's screen. */
async function leave(keys: string): Promise<void> {
  await early.type(keys);
  await early.until(prompt, ({ buffer }) => buffer.active.type === 'normal');
  await meet();
}

test('vim: splits, wide characters, colours, the mouse, and a window that grows', async () => {
  await drive([
    ['/usr/bin/vim -u NONE -i NONE -n /tmp/text\r', /^line 20 of/m],
    [':set hlsearch number cursorline mouse=a\r', /^ +1 line 1 of/m],
    [':syn match Keyword /text/ | hi Keyword cterm=underline,bold ctermfg=9 ctermbg=53\r', /:hi|line 1 of/],
    ['/7 of\r', /line 7 of/],
    ['5dd', /5 fewer lines/],
    [':split\r', /text.*\n(.*\n)+.*text/],
    ['ohello wörld 漢字 e\u0301\x1b', /漢字/],
  ]);
  expect(early.terminal.modes).toMatchObject({ mouseTrackingMode: 'drag', bracketedPasteMode: true });
  await resize('vim', { columns: 100, rows: 30 });
  await meet();
  await drive([
    ['\x04\x04\x04', /line 3\d of/],
    [':vsplit\r', /line 3\d of.*line 3\d of/],
    ['\x05\x05\x05\x19G', /line 300 of/],
  ]);
  await resize('vim', usual);
  await leave(':qa!\r');
});

test('less: what is found, and a window that shrinks', async () => {
  await drive([
    ['/usr/bin/less -N /tmp/text\r', /^ +23 line 23 /m],
    [' ', /^ +46 line 46 /m],
    ['/line 109\r', /^ +109 line 109 /m],
    ['G', /END/],
  ]);
  await resize('less', { columns: 50, rows: 20 });
  await meet();
  await drive([['\x15', /line 28\d/]]);
  await resize('less', usual);
  await leave('q');
});

test('top: colours, while it moves', async () => {
  await drive([
    ['/usr/bin/top -d 1\r', /PID USER.*\n(.*\n)+.*root/],
    ['z', /PID USER/, isColoured],
    ['c', /\[kthreadd\]/],
  ]);
  for (let i = 0; i < 3; i++) await meet();
  await resize('top', { columns: 120, rows: 40 });
  await meet();
  await resize('top', usual);
  await early.type('q');
  await early.until(prompt);
  await meet();
});

test('htop: meters, the mouse, a tree and its menus, while it moves', async () => {
  await drive([
    ['/usr/bin/htop -d 5\r', /F10Quit/, isColoured],
    ['t', /F10Quit/],
    ['\x1b[12~', /Categories|Setup/],
  ]);
  expect(early.terminal.modes.mouseTrackingMode).not.toBe('none');
  await resize('htop', { columns: 110, rows: 33 });
  await meet();
  await drive([['\x1b[21~', /F10Quit/]]);
  await resize('htop', usual);
  await leave('q');
});

test('dialog: frames of two kinds, a menu, and a gauge', async () => {
  const items = '6 a One b Two c Three d Four';
  await drive([
    [`LC_ALL=C /usr/bin/dialog --title Menu --menu 'Which one?' 15 40 ${items}; echo\r`, /Which one/],
    ['\x1b[B', /Two/],
    ['\t', /Cancel/],
  ]);
  await resize('dialog', { columns: 90, rows: 28 });
  await meet();
  await resize('dialog', usual);
  await leave('\r');
  await early.type("/usr/bin/dialog --colors --gauge '\\Z1red\\Zn and \\Zbbold\\Zn' 8 50 0 </tmp/percent\r");
  await beside('exec 7>/tmp/percent; echo 30 >&7');
  await early.until(/30%/);
  await meet();
  await beside('echo 75 >&7');
  await early.until(/75%/);
  await meet();
  await beside('exec 7>&-');
  await leave('');
});

test.each(Object.entries(corpus))('of the corpus: %s', async (name, text) => {
  const length = Buffer.byteLength(text);
  // As it is, in a terminal that was reset.
  await beside("stty -F /dev/tty1 -opost; printf '\\033c' >/dev/tty1");
  await early.untilBytes('\x1bc');
  for (let from = 0; from < length; ) {
    const to = Math.min(length, from + Math.ceil(length / 4));
    await beside(`tail -c +${from + 1} /corpus/${name} | head -c ${to - from} >/dev/tty1`);
    await early.readTo(early.offset + to - from);
    await meet();
    from = to;
  }
});
