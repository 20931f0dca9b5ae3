import { expect, test } from 'vitest';
import { wrongWith } from '../../src/rpc/problem-advice.ts';
import type { VmInfo } from '../../src/rpc/umlmonctrl.gen.ts';

const well = {
  name: 'vm1',
  state: 'running',
  hungSince: 0,
  held: null,
  warningCount: 0,
  lastWarning: '',
  networkWarnings: [],
  consoles: [],
  lastExit: { cause: 'crash', why: '', panic: 'oh\x1b[31m', askedBy: '' },
} as unknown as VmInfo;

test('a running VM has no problems, whatever its last exit', () => {
  expect(wrongWith(well)).toEqual([]);
});

test.each<[Partial<VmInfo>, string, string]>([
  [{ state: 'unmanaged' }, 'a kernel runs that its monitor does not manage', 'umlwatch vm1 -events -since 1'],
  [
    { state: 'stopped', lastExit: { cause: 'crash', signal: 9, why: '', panic: '' } as VmInfo['lastExit'] },
    'it crashed: a program of the host killed its kernel (signal 9); dmesg on the host may have the reason',
    'umlwatch vm1 -start',
  ],
  [{ hungSince: 5 }, 'its kernel hangs', 'umlwatch vm1 -kill -start'],
  [
    { state: 'stopped', held: { kind: 'preserved', since: 1, why: 'on_crash = preserve' } },
    'it is not started again: on_crash = preserve',
    'umlwatch vm1 -start',
  ],
  [{ state: 'stopped' }, 'it crashed: oh\\x1b[31m', 'umlwatch vm1 -start'],
  [{ warningCount: 1, lastWarning: 'x\x07' }, 'x\\x07', 'umlwatch vm1 -events -since 1'],
  [
    { warningCount: 3, lastWarning: 'x' },
    'x (the newest of 3 warnings since the monitor started)',
    'umlwatch vm1 -events -since 1',
  ],
])('%j', (part, text, fix) => {
  expect(wrongWith({ ...well, ...part })).toContainEqual({ text, fix });
});

test('a requested exit is not a problem', () => {
  for (const cause of ['poweroff', 'reboot', 'killed'] as const)
    expect(wrongWith({ ...well, state: 'stopped', lastExit: { ...well.lastExit, cause } } as VmInfo)).toEqual(
      [],
    );
});
