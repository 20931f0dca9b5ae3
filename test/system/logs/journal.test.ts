import { spawn, spawnSync } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { levelOf } from '../../../src/monitor/events/kinds.ts';
import { journalPrefix, writesToJournal } from '../../../src/system/logs/journal.ts';
import { program, World } from '../../helpers/programs/world.ts';

const world = new World();
afterAll(() => world.close());

test.each([
  [60, '<2>'],
  [50, '<3>'],
  [40, '<4>'],
  [30, '<6>'],
  [20, '<7>'],
  [Number.NaN, '<7>'],
])('level %d is %s for the journal', (level, prefix) => {
  expect(journalPrefix(level)).toBe(prefix);
});

test('only the stream that JOURNAL_STREAM names is the journal', () => {
  const fd = openSync('/dev/null', 'r');
  const { dev, ino } = fstatSync(fd, { bigint: true });
  expect(writesToJournal(fd, { JOURNAL_STREAM: `${dev}:${ino}` })).toBe(true);
  expect(writesToJournal(fd, { JOURNAL_STREAM: `${dev}:${ino}1` })).toBe(false);
  expect(writesToJournal(fd, { JOURNAL_STREAM: '' })).toBe(false);
  expect(writesToJournal(fd, {})).toBe(false);
  closeSync(fd);
  expect(writesToJournal(9999, { JOURNAL_STREAM: '0:0' })).toBe(false);
});

test('events that an operator must see are warnings or errors', () => {
  expect(levelOf('warning', {})).toBe('warn');
  expect(levelOf('panic', {})).toBe('warn');
  expect(levelOf('operation-ended', { result: 'START_FAILED' })).toBe('error');
  expect(levelOf('operation-ended', { result: 'ok' })).toBe('info');
  expect(levelOf('job-ended', { result: 'cancelled' })).toBe('info');
  expect(levelOf('hook', { result: 'timeout' })).toBe('warn');
  expect(levelOf('ready', {})).toBe('info');
});

/** Has a program write its standard error into a file that it takes for the journal. */
const asJournal = 'exec 2>"$1"; shift; export JOURNAL_STREAM="$(stat -Lc %d:%i /proc/self/fd/2)"; exec "$@"';

test.each(['umlmon', 'umldir', 'umlweb'] as const)('%s that cannot start logs this as an error', (name) => {
  const file = join(world.home, `${name}.journal`);
  const args = ['-config', join(world.home, 'missing.ini'), ...(name === 'umlmon' ? ['-fg', 'vm1'] : [])];
  const { status } = spawnSync('sh', ['-c', asJournal, 'sh', file, program(name), ...args]);
  expect(status).toBe(3);
  expect(readFileSync(file, 'utf8')).toMatch(new RegExp(`^<3>${name}: `));
});

test('a monitor logs what happens with its level: a start that fails is an error, and its warning a warning', async () => {
  world.configure({ vm1: 'mem = 64M\nubd0 = /disks/root.dsk\nhook = /nonexistent/hook' });
  world.addImage('vm1');
  const file = join(world.home, 'monitor.journal');
  const command = [program('umlmon'), '-config', world.configPath, '-fg', 'vm1'];
  const monitor = spawn('sh', ['-c', asJournal, 'sh', file, ...command], { stdio: 'ignore' });
  const ended = new Promise((resolve) => monitor.once('exit', resolve));
  try {
    const text = async (pattern: RegExp) => {
      for (;;) {
        const lines = readFileSync(file, { encoding: 'utf8', flag: 'a+' });
        if (pattern.test(lines)) return lines;
        if (monitor.exitCode !== null) throw new Error(lines);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    await text(/^<6>\{"level":30,.*"kind":"monitor-started"/m);
    world.run('umlwatch', ['vm1', '-start']);
    await text(/^<4>\{"level":40,.*"kind":"hook"/m);
    const lines = await text(/"kind":"kernel-up"/);
    expect(
      lines
        .trimEnd()
        .split('\n')
        .every((line) => /^<[2-7]>\{.*\}$/.test(line)),
    ).toBe(true);
  } finally {
    monitor.kill('SIGTERM');
    await ended;
  }
});
