import { expect, test } from 'vitest';
import { parseCoreList, parseTicks } from '../../../src/plan/facts/core-load.ts';
import { chooseCore } from '../../../src/plan/facts/cores.ts';

const idle = (core: number, vms = 0, busy = 0) => ({ core, vms, busy });

test('the core with the fewest VMs, then the least busy one', () => {
  expect(chooseCore([idle(0, 2), idle(1, 1), idle(2, 3)], 'vm1')).toBe(1);
  expect(chooseCore([idle(0, 1, 0.9), idle(1, 1, 0.1)], 'vm1')).toBe(1);
  expect(chooseCore([idle(0, 0, 0.9), idle(1, 1, 0)], 'vm1')).toBe(0);
  expect(chooseCore([], 'vm1')).toBeUndefined();
});

test('VMs that start at the same moment spread over equal cores', () => {
  const cores = [0, 1, 2, 3].map((core) => idle(core));
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 400; i++) {
    const core = chooseCore(cores, `vm${i}`) ?? -1;
    counts[core] = (counts[core] ?? 0) + 1;
  }
  for (const count of counts) expect(count).toBeGreaterThan(50);
});

test('small differences of load are noise', () => {
  const chosen = new Set(
    ['a', 'b', 'c', 'd'].map((vm) => chooseCore([idle(0, 0, 0.02), idle(1, 0, 0.05)], vm)),
  );
  expect(chosen).toEqual(new Set([0, 1]));
});

test('the lists of the host kernel are read', () => {
  expect(parseCoreList('0-3,8,10-11')).toEqual([0, 1, 2, 3, 8, 10, 11]);
  expect(parseCoreList('5')).toEqual([5]);
  expect(parseCoreList('rubbish')).toEqual([]);
});

test('busy ticks leave out idle and iowait', () => {
  const stat = 'cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 10 20 30 400 50 6 7 8 9 10\nintr 5\n';
  expect(parseTicks(stat).get(0)).toEqual({ busy: 10 + 20 + 30 + 6 + 7 + 8, all: 531 });
});
