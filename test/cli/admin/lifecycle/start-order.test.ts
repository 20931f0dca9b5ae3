import { expect, test } from 'vitest';
import { shareOf, startTurns, stopTurns } from '../../../../src/cli/admin/lifecycle/start-order.ts';

const vm = (name: string, start_order: number, start_delay = 0) => ({ name, start_order, start_delay });

const vms = [vm('web', 100), vm('db', 10, 5000), vm('log', 10, 200), vm('late', 1000, 7000), vm('web2', 100)];

test('one group for each start order, with the longest delay of its VMs, and no delay after the last', () => {
  expect(
    startTurns(vms).map(({ vms: members, delayMs }) => [members.map(({ name }) => name), delayMs]),
  ).toEqual([
    [['db', 'log'], 5000],
    [['web', 'web2'], 0],
    [['late'], 0],
  ]);
  expect(startTurns([])).toEqual([]);
});

test('the VM that was started last is stopped first', () => {
  expect(stopTurns(vms).map((members) => members.map(({ name }) => name))).toEqual([
    ['late'],
    ['web', 'web2'],
    ['db', 'log'],
  ]);
});

test('an equal share of the remaining time', () => {
  expect([shareOf(9000, 3), shareOf(9000, 1), shareOf(-5, 2), shareOf(100, 0)]).toEqual([3000, 9000, 0, 100]);
});
