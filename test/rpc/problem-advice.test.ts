import { expect, test } from 'vitest';
import { wrongWith } from '../../src/rpc/problem-advice.ts';
import type { VmInfo } from '../../src/rpc/umlmonctrl.gen.ts';

const well = {
  name: 'vm1',
  state: 'running',
  hungSince: 0,
  held: null,
  troubles: 0,
  lastTrouble: '',
  warnings: [],
  consoles: [],
  lastExit: { cause: 'crash', why: '', panic: 'oh\x1b[31m', askedBy: '' },
} as unknown as VmInfo;

test('a running VM has no problems, whatever its last exit', () => {
  expect(wrongWith(well)).toEqual([]);
});

test.each<[Partial<VmInfo>, string, string]>([
  [{ state: 'foreign' }, 'a kernel runs that its monitor does not manage', 'umlwatch vm1 -events -since 1'],
  [{ hungSince: 5 }, 'its kernel hangs', 'umlwatch vm1 -kill -start'],
  [
    { state: 'down', held: { kind: 'kept', since: 1, why: 'on_crash = keep' } },
    'it is not started again: on_crash = keep',
    'umlwatch vm1 -start',
  ],
  [{ state: 'down' }, 'it crashed: oh\\x1b[31m', 'umlwatch vm1 -start'],
  [{ troubles: 1, lastTrouble: 'x\x07' }, 'x\\x07', 'umlwatch vm1 -events -since 1'],
  [
    { troubles: 3, lastTrouble: 'x' },
    'x (the newest of 3 warnings since the monitor started)',
    'umlwatch vm1 -events -since 1',
  ],
])('%j', (part, text, fix) => {
  expect(wrongWith({ ...well, ...part })).toContainEqual({ text, fix });
});

test('a requested exit is not a problem', () => {
  for (const cause of ['poweroff', 'reboot', 'killed'] as const)
    expect(wrongWith({ ...well, state: 'down', lastExit: { ...well.lastExit, cause } } as VmInfo)).toEqual(
      [],
    );
});
