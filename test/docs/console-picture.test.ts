/**
 * The picture of README, docs/console.svg, is a session at a terminal as it is today. With UMLMON_DRAW=1 it is drawn again:
 *
 *     UMLMON_DRAW=1 npm test -- test/docs/console-picture.test.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Terminal } from '@xterm/headless';
import { expect, test } from 'vitest';
import { linkKernel, linkPrograms, makeVm1, runAtTerminal } from '../helpers/host/private-terminal.ts';
import { screenSvg, textOfSvg } from '../helpers/terminal/screen-svg.ts';

const picture = join(import.meta.dirname, '../../docs/console.svg');
const size = { columns: 96, rows: 40 };
const prompt = /host#\x1b\[m $/;
const guest = /vm1:\/root# (\x1b\[6n)?$/; // busybox asks where the cursor is.

/** The typed input, at the host and in the guest. */
const typed = [
  [prompt, 'umlwatch vm1 -start\r'],
  [prompt, 'umlwatch vm1 -connect con1\r'],
  [/detaches\]\s*$/, '\r'],
  [guest, 'uname -srm; free -m; ls --color=always -x -w 80 /\r'],
  [guest, '\x1dd'],
  [prompt, 'umlwatch vm1 -backup before-update\r'],
  [prompt, 'umladmin list\r'],
  [prompt, 'exit\r'],
] as const;

const cleared = '\x1bc';
const set = `${linkPrograms}${linkKernel}${makeVm1()}
printf '\\033c'
PS1="$(printf '\\033[1;32mhost#\\033[m ')" exec sh +m -i`;

/**
 * The pieces of text, without numbers, which differ from run to run. Each counts once, in any order: the shell of the guest may
 * begin before or after the console is connected.
 */
const lasting = (svg: string) =>
  [
    ...new Set(
      textOfSvg(svg)
        .split('\n')
        .map((piece) => piece.replace(/\d[\d.:-]*/g, '0')),
    ),
  ].sort();

test('docs/console.svg shows a session as it is today', async () => {
  const { shown, status } = await runAtTerminal(set, { ...size, typed, patienceMs: 50_000 });
  expect(status, shown.slice(-2000)).toBe(0);
  const terminal = new Terminal({ cols: size.columns, rows: size.rows, allowProposedApi: true });
  const session = shown.slice(shown.lastIndexOf(cleared) + cleared.length).replace(/.*exit\r\n$/, '');
  await new Promise<void>((resolve) => terminal.write(session, resolve));
  const svg = screenSvg(terminal, 'umlwatch');
  if (process.env.UMLMON_DRAW) writeFileSync(picture, svg);
  const committed = readFileSync(picture, 'utf8');
  expect(lasting(svg)).toEqual(lasting(committed));
  expect(committed.length).toBeLessThan(30_000);
});
