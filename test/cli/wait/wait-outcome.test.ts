import { describe, expect, test } from 'vitest';
import type { WaitLevel } from '../../../src/cli/commands/argument-kinds.ts';
import { outcomeNow, outcomeOfEvents } from '../../../src/cli/wait/wait-outcome.ts';
import type { Event, ReadyLevel, VmInfo } from '../../../src/rpc/umlmonctrl.gen.ts';
import { toFailure } from '../../../src/system/errors/errors.ts';
import { info } from '../../rpc/stub-handlers.ts';

const vm = (state: VmInfo['state'], reached: readonly ReadyLevel[], pattern = ''): VmInfo => ({
  ...info,
  state,
  readiness: {
    configured: 'guest',
    ready: reached.includes('guest'),
    reached: reached.map((level) => ({ level, elapsedMs: 7 })),
  },
  settings: [{ key: 'ready_pattern', value: pattern, origin: 'default' }],
});

/** The level that was reached, 'waiting', or the code and cause of the error. */
function result(work: () => { level: string } | undefined): string {
  try {
    return work()?.level ?? 'waiting';
  } catch (error) {
    const { code, cause } = toFailure(error);
    return `${code}: ${cause}`;
  }
}

test.each<[WaitLevel, VmInfo, string]>([
  ['stopped', vm('stopped', []), 'stopped'],
  ['stopped', vm('running', ['kernel']), 'waiting'],
  ['kernel', vm('running', ['kernel']), 'kernel'],
  ['kernel', vm('stopping', ['kernel']), 'kernel'],
  ['guest', vm('running', ['kernel']), 'waiting'],
  ['ready', vm('running', ['kernel']), 'waiting'],
  ['ready', vm('running', ['kernel', 'guest']), 'guest'],
  ['ready', vm('stopped', []), 'waiting'],
  ['console', vm('stopped', []), 'waiting'],
  ['console', vm('running', [], 'con0 x'), 'waiting'],
  ['console', vm('running', []), 'WAIT_NEVER: no ready_pattern is set: a console must show it'],
  [
    'kernel',
    vm('unmanaged', []),
    'WAIT_NEVER: it is unmanaged: its monitor cannot verify the kernel that runs',
  ],
  [
    'stopped',
    vm('unmanaged', []),
    'WAIT_NEVER: it is unmanaged: its monitor cannot verify the kernel that runs',
  ],
])('%s, at once', (level, now, outcome) => {
  expect(result(() => outcomeNow(level, now))).toBe(outcome);
});

describe('by events', () => {
  const event = (kind: string, text: string, attributes: Record<string, string> = {}): Event => ({
    sequence: 1,
    time: 0,
    kind,
    text,
    attributes: Object.entries(attributes).map(([name, value]) => ({ name, value })),
  });
  const ready = (level: string, isReady = 'no') =>
    event('ready', '', { level, elapsed_ms: '41', ready: isReady });
  const state = (from: string, to: string) => event('state', `${from} → ${to}`, { from, to });
  const ended = (name: string, text: string) => event('operation-ended', text, { name });
  const outcomeAfter = (level: WaitLevel, events: Event[]) =>
    result(() => {
      const outcomeOf = outcomeOfEvents('vm1', level);
      for (const each of events) {
        const outcome = outcomeOf(each);
        if (outcome) return outcome;
      }
      return undefined;
    });

  test('a level', () => {
    expect(outcomeAfter('guest', [ready('launched'), ready('kernel', 'yes')])).toBe('waiting');
    expect(outcomeAfter('guest', [ready('kernel'), ready('guest'), ready('console')])).toBe('guest');
    expect(outcomeAfter('ready', [ready('launched'), ready('kernel', 'yes')])).toBe('kernel');
    expect(outcomeOfEvents('vm1', 'guest')(ready('guest'))).toEqual({ level: 'guest', elapsedMs: 41 });
  });

  const crash = event('exit', 'crash: no init', { cause: 'crash' });

  test('the VM stops', () => {
    const events = [
      state('stopped', 'starting'),
      state('starting', 'running'),
      crash,
      state('running', 'stopped'),
    ];
    expect(outcomeAfter('guest', events)).toBe('WAIT_STOPPED: guest was not reached: crash: no init');
    expect(outcomeAfter('stopped', events)).toBe('stopped');
  });

  test('a start fails: the error is part of the end of the operation', () => {
    const failing = [state('stopped', 'starting'), state('starting', 'stopped')];
    expect(outcomeAfter('kernel', failing)).toBe('waiting');
    expect(outcomeAfter('kernel', [...failing, ended('start', 'start failed: no disk')])).toBe(
      'WAIT_STOPPED: kernel was not reached: start failed: no disk',
    );
    expect(outcomeAfter('kernel', [ended('start', 'the end of an earlier one'), ready('kernel')])).toBe(
      'kernel',
    );
  });
});
