import { expect, test } from 'vitest';
import { type LifecycleEvent, lifecycle, vmStates } from '../../src/monitor/lifecycle.ts';

const asked: readonly LifecycleEvent[] = ['start-asked', 'stop-asked', 'kill-asked'];

test('a request of a user is never impossible: it is done or refused with a reason', () => {
  for (const state of vmStates)
    for (const event of asked) {
      const cell = lifecycle[state][event];
      expect(cell, `${state}, ${event}`).not.toBe('impossible');
      if (cell !== 'impossible' && 'refuse' in cell) expect(cell.refuse).toMatch(/^it is /);
    }
});

test('what the kernel does is never refused', () => {
  for (const state of vmStates)
    for (const event of ['kernel-up', 'start-failed', 'kernel-gone'] as const) {
      const cell = lifecycle[state][event];
      expect(cell === 'impossible' || 'next' in cell, `${state}, ${event}`).toBe(true);
    }
});

test('from every state the VM can become stopped', () => {
  const reaches = (from: (typeof vmStates)[number], seen = new Set<string>()): boolean => {
    if (from === 'stopped') return true;
    if (seen.has(from)) return false;
    seen.add(from);
    return Object.values(lifecycle[from]).some(
      (cell) => cell !== 'impossible' && 'next' in cell && reaches(cell.next, seen),
    );
  };
  expect(vmStates.filter((state) => !reaches(state))).toEqual([]);
});

test('a kill is always possible while a kernel runs', () => {
  for (const state of ['starting', 'running', 'stopping'] as const)
    expect(lifecycle[state]['kill-asked']).toEqual({ next: 'stopping', actions: ['kill'] });
});
