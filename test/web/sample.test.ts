import { expect, test } from 'vitest';
import type { VmInfo } from '../../src/rpc/umlmonctrl.gen.ts';
import { sampleOf } from '../../src/web/sample.ts';
import { info as stub } from '../rpc/stub-handlers.ts';

const quiet: VmInfo = {
  ...stub,
  state: 'running',
  hungSince: 0,
  held: null,
  warningCount: 0,
  lastWarning: '',
  consoles: [],
  lastExit: null,
};
const lastExit = {
  ...{ endedAt: 1, code: -1, signal: 6, askedBy: '', lastLines: '', bundle: '', why: '' },
  cause: 'crash',
  panic: 'VFS: Unable to mount root fs',
} as const;
const consoleInfo = {
  ...{ viewers: 0, bytesOut: 0, bytesIn: 0, logDropped: 0, logged: true, maybeLost: 0 },
  channel: 'con0',
  logError: 'No space left on device',
};

const warningsOf = (change: Partial<VmInfo>) =>
  sampleOf('vm1', { time: 0, info: { ...quiet, ...change }, stats: undefined, on: 0 }, undefined);

test.each([
  ['nothing', {}, []],
  ['a hang', { hungSince: 1 }, ['its kernel hangs']],
  [
    'a warning, and how many there were',
    { warningCount: 3, lastWarning: 'cannot write the log' },
    ['cannot write the log (the newest of 3 warnings since the monitor started)'],
  ],
  ['the only warning', { warningCount: 1, lastWarning: 'cannot write the log' }, ['cannot write the log']],
  [
    'a crash, and why it is not started again',
    { state: 'stopped', lastExit, held: { kind: 'restart-limit', since: 1, why: '6 deaths in 10 min' } },
    ['it crashed: VFS: Unable to mount root fs', 'it is not started again: 6 deaths in 10 min'],
  ],
  [
    'a crash without a text',
    { state: 'stopped', lastExit: { ...lastExit, panic: '' } },
    ['it crashed: see the last lines of con0'],
  ],
  [
    'a crash of which the host knows why',
    { state: 'stopped', lastExit: { ...lastExit, panic: '', why: 'out of memory' } },
    ['it crashed: out of memory'],
  ],
  [
    'what is wrong on the host now, before what went wrong once',
    {
      ...{ warningCount: 1, lastWarning: 'a hook failed' },
      networkWarnings: [{ what: 'the interface p1 is down', hint: 'ip link set dev p1 up' }],
    },
    ['the interface p1 is down', 'a hook failed'],
  ],
  ['the crash of the run before', { lastExit }, []],
  ['an ending that was asked for', { state: 'stopped', lastExit: { ...lastExit, cause: 'poweroff' } }, []],
  ['a log that cannot be written', { consoles: [consoleInfo] }, ['the log of con0: No space left on device']],
] as const)('of %s', (_what, change, warnings) => {
  const sample = warningsOf(change as Partial<VmInfo>);
  expect(sample.warnings).toEqual(warnings);
  expect(sample.problem).toBe(warnings[0] ?? '');
});

test('a warning is whole, and harmless', () => {
  const { warnings, problem } = warningsOf({ warningCount: 1, lastWarning: `\x1b[31m${'x'.repeat(3000)}` });
  expect(warnings[0]).toMatch(/^\\x1b\[31mx{3000}$/);
  expect(problem.length).toBeLessThanOrEqual(500);
});
