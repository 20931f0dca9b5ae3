import { expect, test } from 'vitest';
import { describeExit, type ExitFacts } from '../../../src/monitor/endings/exit-record.ts';
import { type ExitRecord, UMLMON_TEXT_MAX } from '../../../src/rpc/umlmonctrl.gen.ts';

const facts: ExitFacts = {
  status: 0,
  wasUp: true,
  askedBy: '',
  killed: false,
  panic: '',
  lastLines: '',
  why: '',
  endedAt: 1_000,
};

const cases: readonly [string, Partial<ExitFacts>, Partial<ExitRecord>][] = [
  ['power off', { lastLines: 'reboot: Power down' }, { cause: 'poweroff', code: 0, signal: 0 }],
  ['halt by mconsole, which says nothing', {}, { cause: 'poweroff' }],
  [
    'power off with /proc/exitcode',
    { status: 3, lastLines: 'reboot: System halted' },
    { cause: 'poweroff', code: 3 },
  ],
  ['reboot', { lastLines: 'reboot: Restarting system' }, { cause: 'reboot', code: 0 }],
  ['panic', { status: 134, panic: 'Oops' }, { cause: 'crash', code: -1, signal: 6, panic: 'Oops' }],
  [
    'panic that only con0 tells',
    { status: 134, lastLines: 'Kernel panic - not syncing: VFS: no root\nCPU: 0' },
    { cause: 'crash', panic: 'con0 shows a kernel panic' },
  ],
  ['kill -9 from outside', { status: 137 }, { cause: 'crash', signal: 9, why: '' }],
  [
    'the host is out of memory',
    { status: 137, why: 'out of memory' },
    { cause: 'crash', why: 'out of memory' },
  ],
  [
    'a kill by the monitor, while the host was out of memory',
    { status: 137, killed: true, why: 'out of memory' },
    { cause: 'killed', why: '' },
  ],
  [
    'kill by the monitor',
    { status: 137, killed: true, askedBy: 'uid 0' },
    { cause: 'killed', askedBy: 'uid 0' },
  ],
  [
    'kill by the monitor for hanging',
    { status: 137, killed: true, askedBy: 'on_hang' },
    { cause: 'hang', signal: 9, askedBy: 'on_hang' },
  ],
  ['SIGTERM from outside', { status: 1 }, { cause: 'crash', code: 1 }],
  ['a kernel that refuses to run', { status: 1, wasUp: false }, { cause: 'error', code: 1 }],
];

test.each(cases)('%s', (_name, given, expected) => {
  expect(describeExit({ ...facts, ...given })).toMatchObject(expected);
});

test('the last output fits an answer, however many control characters it has', () => {
  const lines = Array.from({ length: 1024 }, (_, i) => `\\x1b${i}`);
  const { lastLines } = describeExit({ ...facts, lastLines: lines.join('\n') });
  expect(Buffer.byteLength(lastLines)).toBeLessThanOrEqual(UMLMON_TEXT_MAX);
  expect(Buffer.byteLength(lastLines)).toBeGreaterThan(UMLMON_TEXT_MAX - 9);
  expect(lines.join('\n').endsWith(`\n${lastLines}`)).toBe(true);
});
