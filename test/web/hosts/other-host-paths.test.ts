import { expect, test } from 'vitest';
import { webLimits } from '../../../src/system/limits/limits.ts';
import { otherPlaces } from '../../../src/web/hosts/other-host-paths.ts';

const at = (host: string) => ({ host, port: 8655 });
const entry = (name: string, host: string) => ({
  host,
  vm: { name, state: 'stopped', stateSince: 0, ready: false, address: '', port: 0 } as const,
});

test('each VM of another host once, by the first directory that names it', () => {
  const directories = [
    { at: at('one'), list: { entries: [entry('vm1', 'one'), entry('vm1', 'here'), entry('vm1', 'two')] } },
    { at: at('away'), list: undefined },
    { at: at('two'), list: { entries: [entry('vm1', 'two'), entry('vm2', 'two')] } },
  ];
  const { places, left } = otherPlaces(directories, 'here');
  expect(left).toBe(0);
  expect([...places].map(([name, { directory }]) => [name, directory.at.host])).toEqual([
    ['vm1@one', 'one'],
    ['vm1@two', 'one'],
    ['vm2@two', 'two'],
  ]);
  expect(places.get('vm2@two')?.target).toEqual({ vm: 'vm2', host: 'two' });
});

test('different spellings of the name of a host are one host', () => {
  const entries = [entry('vm1', 'Two'), entry('vm1', 'two'), entry('vm1', 'HERE')];
  const { places } = otherPlaces([{ at: at('one'), list: { entries } }], 'here');
  expect([...places].map(([name, { target }]) => [name, target.host])).toEqual([['vm1@two', 'Two']]);
});

test.each([
  ['vm1', ''],
  ['vm1', 'a/b'],
  ['vm1', '<b>'],
  ['vm1', '\u202ehost'],
  ['', 'one'],
  ['../vm1', 'one'],
  ['vm1@two', 'one'],
])('an impossible name is left out: %j of %j', (vm, host) => {
  const list = { entries: [entry(vm, host), entry('good', 'one')] };
  expect([...otherPlaces([{ at: at('one'), list }], 'here').places.keys()]).toEqual(['good@one']);
});

test('no more than can be shown, and how many are left', () => {
  const entries = Array.from({ length: webLimits.otherVms + 7 }, (_, count) => entry(`vm${count}`, 'one'));
  // Those that are left are counted once, too.
  const directories = [at('one'), at('two')].map((at) => ({ at, list: { entries } }));
  const { places, left } = otherPlaces(directories, 'here');
  expect([places.size, left]).toEqual([webLimits.otherVms, 7]);
});
