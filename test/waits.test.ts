/**
 * Which file of the tests may wait for a fixed time, and why. "After so many milliseconds the other side has got so far" is
 * right on one machine and wrong on a slower one: a test waits for a line of output, a state or an event instead.
 *
 * A file that is not in the table has no such wait; one that is has as many as stand beside it. A time that is computed, or
 * passed to a function, counts as long. Pauses of less than 100 ms are those between two looks.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const reasons = {
  weaker:
    'nothing may happen meanwhile, or more than enough does: a slower machine makes the test weaker only',
  moment: 'any moment is right: a race, or a kill at random',
  period: 'a period of umlmon or of the guest has to pass; a longer wait is right, too',
  patience: 'the end of the patience with a program, which is much longer than the program takes',
  quiet: 'the pause between two looks that tell whether something rests',
  measured: 'what happens in this time is measured',
} as const;

type Uses = readonly [count: number, reason: keyof typeof reasons];

const table: Readonly<Record<string, Uses>> = {
  'console/channel.test.ts': [1, 'weaker'],
  'directory/registration.test.ts': [1, 'quiet'],
  'disk/io/periodic-sync.test.ts': [4, 'weaker'],
  'disk/locks/image-lock.test.ts': [1, 'moment'],
  'environment/run-row.ts': [2, 'patience'],
  'fuzz/watchdog.ts': [1, 'quiet'],
  'helpers/fakes/fake-kernels.ts': [1, 'period'],
  'helpers/guest/wired-guests.ts': [2, 'patience'],
  'helpers/host/container.ts': [1, 'patience'],
  'helpers/host/private-terminal.ts': [1, 'patience'],
  'helpers/programs/programs.ts': [2, 'quiet'],
  'helpers/programs/world-processes.ts': [1, 'quiet'],
  'helpers/programs/world.ts': [1, 'patience'],
  'helpers/terminal/paced-viewers.ts': [2, 'measured'],
  'kernel/mconsole.test.ts': [2, 'quiet'],
  'monitor/disks/backup-disconnected.test.ts': [2, 'moment'],
  'monitor/disks/disk-space.test.ts': [1, 'weaker'],
  'monitor/disks/disks.test.ts': [1, 'moment'],
  'monitor/disks/full-disk.test.ts': [1, 'period'],
  'monitor/disks/plug.test.ts': [1, 'moment'],
  'monitor/disks/restore.test.ts': [1, 'moment'],
  'monitor/endings/crash-store.test.ts': [1, 'moment'],
  'monitor/endings/hangs.test.ts': [2, 'period'],
  'monitor/endpoints/remote-plain.test.ts': [1, 'quiet'],
  'monitor/endpoints/shares.test.ts': [1, 'weaker'],
  'monitor/event-loop.test.ts': [3, 'measured'],
  'monitor/guest/guest-messages.test.ts': [2, 'period'],
  'monitor/guest/hang-watch.test.ts': [1, 'weaker'],
  'monitor/guest/hostile-kernel.test.ts': [1, 'period'],
  'monitor/guest/pause.test.ts': [1, 'quiet'],
  'monitor/jobs.test.ts': [1, 'period'],
  'monitor/networks/host-guard.test.ts': [1, 'period'],
  'monitor/networks/network-rounds.test.ts': [1, 'moment'],
  'monitor/networks/plug-network.test.ts': [1, 'moment'],
  'monitor/networks/wiped-host.test.ts': [2, 'period'],
  'monitor/program/wall-clock.test.ts': [2, 'period'],
  'monitor/start/ready.test.ts': [1, 'weaker'],
  'monitor/takeover/adoption.test.ts': [1, 'weaker'],
  'monitor/takeover/many-kills.test.ts': [1, 'moment'],
  'monitor/takeover/two-monitors.test.ts': [1, 'moment'],
  'network/watch/host-watch.test.ts': [2, 'period'],
  'setup/sealed.test.ts': [1, 'weaker'],
  'umlrun/umlrun.test.ts': [1, 'moment'],
  'web/vms/vm-watch.test.ts': [1, 'period'],
};

const shortMs = 100;

/** The times of `delay(…)` and `setTimeout(…, …)` that are long, or not a number. */
function longWaits(source: string): string[] {
  const code = source.replace(/^\s*(?:\/?\*|\/\/).*$/gm, '');
  const calls = [...code.matchAll(/\b(delay|setTimeout)\(/g)];
  return calls
    .map(({ 0: call, 1: name, index }) => {
      const [first = '', second = ''] = argumentsAt(code, index + call.length);
      return name === 'delay' ? first : second;
    })
    .filter((ms) => ms !== '' && !/^\w+: /.test(ms) && isLong(ms));
}

function isLong(ms: string): boolean {
  return !/^[\d_]+$/.test(ms) || Number(ms.replaceAll('_', '')) >= shortMs;
}

/** The arguments of a call from behind its bracket on. */
function argumentsAt(code: string, from: number): string[] {
  const found = [''];
  let depth = 0;
  for (const char of code.slice(from)) {
    if (')]}'.includes(char) && depth-- === 0) break;
    if ('([{'.includes(char)) depth += 1;
    if (char === ',' && depth === 0) found.push('');
    else found[found.length - 1] += char;
  }
  return found.map((text) => text.trim());
}

test('fixed times are waited for only where the table has a reason', () => {
  const found: Record<string, number> = {};
  // Figures of npm run bench are about times.
  for (const file of readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' }))
    if (file.endsWith('.ts') && !file.startsWith('bench/') && !import.meta.filename.endsWith(`/${file}`)) {
      const count = longWaits(readFileSync(join(import.meta.dirname, file), 'utf8')).length;
      if (count > 0) found[file] = count;
    }
  expect(found).toEqual(Object.fromEntries(Object.entries(table).map(([file, [count]]) => [file, count])));
});

test.each([
  ['await delay(300);', ['300']],
  ['await delay(20);', []],
  ['const pause = (ms: number) => delay(ms);', ['ms']],
  ['new Promise((resolve) => setTimeout(resolve, 1_500));', ['1_500']],
  ['setTimeout(() => kill(pid, "x"), 50);', []],
  ['// delay(300)', []],
])('%s', (source, waits) => {
  expect(longWaits(source)).toEqual(waits);
});
