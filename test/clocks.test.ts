/**
 * Which source may look at the wall clock, and why. It may be set forward and back: elapsed time within a process is
 * measured with performance.now(), between processes with a Moment (src/system/clock.ts), and numbers tell the order.
 * The same for times of files, which are of that clock.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const source = join(import.meta.dirname, '../src');

const reasons = {
  clock: 'the place where moments are made',
  shown: 'it is only shown to people, or written for them into a log, a record, a name or a recording',
  identity: 'it tells whether a file has changed, by comparing for equality only',
  cow: 'the header of a COW file has the time of its backing file, which the kernel compares for equality',
  race: 'another test decides; the age only spares a file that was made in this moment',
  cache: 'the order decides only which files of a cache go first',
  listed: 'the order of a list for people',
  browser: 'the clock of the browser, to show how long ago something was, and which day it was',
} as const;

/** Expressions that look at the wall clock, or at times of files that are decided by. */
const looks =
  /\bDate\.now\b|\bnew Date\b|\b[acm]timeMs\b|\b[acm]timeNs\b|\bbirthtime|\bmtime\b(?=\s*[-<>|]|\s*>>>)/g;

type Uses = readonly [number, keyof typeof reasons];

/** File → number of lines, reason. */
const table: Readonly<Record<string, Uses>> = {
  'cli/admin/list.ts': [1, 'shown'],
  'cli/admin/run-disk-command.ts': [2, 'shown'],
  'cli/disk/run-disk.ts': [2, 'shown'],
  'cli/print/render.ts': [1, 'shown'],
  'cli/commands/dispatch.ts': [3, 'shown'],
  'cli/session/recording.ts': [1, 'shown'],
  'cli/session/session-actions.ts': [1, 'shown'],
  'cli/session/session-recording.ts': [1, 'shown'],
  'disk/backup/manifest.ts': [1, 'shown'],
  'disk/cow/format.ts': [1, 'cow'],
  'disk/cow/match.ts': [2, 'cow'],
  'disk/cow/merge-in-place.ts': [2, 'cow'],
  'disk/commands/decide.ts': [1, 'cow'],
  'disk/locks/holders.ts': [1, 'race'],
  'disk/names/image-facts.ts': [1, 'identity'],
  'disk/names/image-file.ts': [2, 'cow'],
  'disk/commands/snapshot-name.ts': [1, 'listed'],
  'kernel/elf-file.ts': [1, 'identity'],
  'kernel/libraries.ts': [2, 'identity'],
  'monitor/program/daemon.ts': [3, 'shown'],
  'monitor/disks/capture.ts': [1, 'shown'],
  'monitor/disks/image-places.ts': [3, 'identity'],
  'monitor/disks/restore.ts': [1, 'shown'],
  'monitor/endings/crash-retention.ts': [1, 'shown'],
  'monitor/endings/crash-summary.ts': [1, 'shown'],
  'monitor/events/event-log.ts': [1, 'shown'],
  'monitor/guest/stats.ts': [1, 'shown'],
  'monitor/program/host-facts.ts': [3, 'shown'],
  'monitor/jobs.ts': [2, 'shown'],
  'monitor/consoles/viewers.ts': [2, 'shown'],
  'rpc/auth/password-file.ts': [1, 'shown'],
  'system/clock.ts': [2, 'clock'],
  'system/logs/security-file.ts': [1, 'shown'],
  'system/logs/security-log.ts': [1, 'shown'],
  'umlrun/compiled.ts': [3, 'cache'],
  'umlrun/host/image.ts': [1, 'cow'],
  'web/browser/actions.ts': [1, 'browser'],
  'web/browser/vms/event-list.ts': [1, 'browser'],
  'web/browser/format.ts': [1, 'browser'],
  'web/browser/tabs/tab-overview.ts': [1, 'browser'],
  'web/browser/vms/vm-row.ts': [1, 'browser'],
  'web/vms/vm-watch.ts': [3, 'shown'],
};

test('the wall clock is read only where the table has a reason', () => {
  const found: Record<string, number> = {};
  for (const file of readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  )) {
    const lines = readFileSync(join(source, file), 'utf8').split('\n');
    const count = lines.filter((line) => !/^\s*(?:\/?\*|\/\/)/.test(line) && line.match(looks)).length;
    if (count > 0) found[file] = count;
  }
  expect(found).toEqual(Object.fromEntries(Object.entries(table).map(([file, [count]]) => [file, count])));
});

test('a moment of performance.now() that has not been yet is long ago: the process may be younger than any wait', () => {
  const found = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((file) => {
      const text = readFileSync(join(source, file), 'utf8');
      const fields = [...text.matchAll(/^ {2}(#?\w*(?:At|Since|On)) = 0;/gm)].map(([, name = '']) => name);
      return fields.filter((name) => text.includes(`now - this.${name}`)).map((name) => `${file} ${name}`);
    });
  expect(found).toEqual([]);
});
