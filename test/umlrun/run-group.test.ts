import { expect, test } from 'vitest';
import { groupOfRun } from '../../src/umlrun/run-group.ts';

const all = '         0          0 4294967295\n';
const none = new Set<number>();

test('two runs that live have different groups, which no account has', () => {
  const groups = [1, 2, 4_194_303].map((pid) => groupOfRun(pid, none, all));
  expect(groups).toEqual([1_900_000_001, 1_900_000_002, 1_904_194_303]);
});

test('a group in use, for example by leftovers of a run, is not assigned again', () => {
  expect(groupOfRun(7, new Set([1_900_000_007, 1_900_000_008]), all)).toBe(1_900_000_009);
});

test('a container with few ids has those of dynamic users, each once', () => {
  const few = '0 100000 65536\n';
  expect(groupOfRun(1, none, few)).toBe(61_185);
  expect(groupOfRun(1 + 4336, new Set([61_185]), few)).toBe(61_186);
  expect(groupOfRun(1, none, '0 100000 1000\n')).toBeUndefined();
  const every = new Set(Array.from({ length: 4336 }, (_, i) => 61_184 + i));
  expect(groupOfRun(1, every, few)).toBeUndefined();
});
