import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Directory } from '../../src/directory/directory.ts';
import { resolve } from '../../src/directory/resolve.ts';
import type { DirEntry, DirVm } from '../../src/rpc/umldir.gen.ts';
import { UMLDIR_LIST_MAX } from '../../src/rpc/umldir.gen.ts';
import { directoryLimits } from '../../src/system/limits/limits.ts';

const never = new AbortController().signal;
const peer = { key: 'address:192.0.2.1', isOwner: false };

function vm(name: string, port = 0): DirVm {
  return { name, state: 'running', stateSince: 1, ready: false, address: '', port };
}

function allOf(directory: Directory): DirEntry[] {
  const entries: DirEntry[] = [];
  for (let after = { afterHost: '', afterVm: '' }; ; ) {
    const page = directory.list(after);
    entries.push(...page.entries);
    const last = entries.at(-1);
    if (!page.more || !last) return entries;
    after = { afterHost: last.host, afterVm: last.vm.name };
  }
}

const step = fc.record({
  host: fc.constantFrom('a', 'b', 'ab'),
  name: fc.constantFrom('x', 'y', 'xy'),
  port: fc.constantFrom(-1, 0, 7),
});

test('a list with the changes after it equals a later list', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.nat(40), async (steps, lookAt) => {
      const directory = new Directory();
      const seen = new Map<string, DirVm>();
      let since = 1;
      for (const [at, { host, name, port }] of steps.entries()) {
        if (at === lookAt) {
          for (const entry of allOf(directory)) seen.set(`${entry.host}/${entry.vm.name}`, entry.vm);
          since = directory.next;
        }
        if (port < 0) directory.remove(host, name);
        else directory.set(host, vm(name, port));
      }
      const { changes, next } = await directory.watch(since, 0, peer, never);
      for (const { kind, entry } of changes)
        if (kind === 'gone') seen.delete(`${entry.host}/${entry.vm.name}`);
        else seen.set(`${entry.host}/${entry.vm.name}`, entry.vm);
      expect(next).toBe(directory.next);
      const now = allOf(directory).map((entry) => [`${entry.host}/${entry.vm.name}`, entry.vm] as const);
      expect(new Map(now)).toEqual(seen);
    }),
  );
});

test('an equal entry is not a change', () => {
  const directory = new Directory();
  directory.set('a', vm('x'));
  directory.set('a', vm('x'));
  directory.remove('a', 'y');
  expect(directory.next).toBe(2);
});

test('a long list has pages, with each VM on one page', () => {
  const directory = new Directory();
  for (let i = 0; i < 2 * UMLDIR_LIST_MAX + 1; i++) directory.set(`host${i % 3}`, vm(`vm${i}`));
  const entries = allOf(directory);
  expect(entries.length).toBe(2 * UMLDIR_LIST_MAX + 1);
  expect(new Set(entries.map(({ host, vm: { name } }) => `${host}/${name}`)).size).toBe(entries.length);
  expect(entries.map(({ host }) => host)).toEqual(entries.map(({ host }) => host).sort());
});

test('a waiting watcher gets the change, and the end of its connection ends the wait', async () => {
  const directory = new Directory();
  const heard = directory.watch(0, 60_000, peer, never);
  const ended = new AbortController();
  const gone = directory.watch(0, 60_000, peer, ended.signal);
  ended.abort();
  expect((await gone).changes).toEqual([]);
  directory.set('a', vm('x'));
  expect((await heard).changes).toMatchObject([{ sequence: 1, kind: 'set', entry: { host: 'a' } }]);
});

test('changes that are too old are refused', async () => {
  const directory = new Directory();
  for (let i = 0; i <= directoryLimits.changesKept; i++) directory.set('a', vm('x', i));
  await expect(directory.watch(1, 0, peer, never)).rejects.toMatchObject({ code: 'DIRECTORY_LOST' });
  expect((await directory.watch(2, 0, peer, never)).changes[0]?.sequence).toBe(2);
});

describe('the VM of a target', () => {
  const directory = new Directory();
  for (const [host, name] of [
    ['here', 'web'],
    ['there', 'web'],
    ['there', 'db'],
    ['far', 'mail'],
    ['there', 'mail'],
  ] as const)
    directory.set(host, vm(name));
  test.each([
    ['the own one first', { vm: 'web', host: '' }, 'here'],
    ['the only one', { vm: 'db', host: '' }, 'there'],
    ['the named one', { vm: 'web', host: 'there' }, 'there'],
    ['the named one, however it is written', { vm: 'web', host: 'THERE.' }, 'there'],
  ])('%s', (_what, target, host) => {
    expect(resolve(directory, 'here', target).host).toBe(host);
  });
  test.each([
    ['of two others none', { vm: 'mail', host: '' }, 'DIRECTORY_AMBIGUOUS', /far, there/],
    ['nobody', { vm: 'nobody', host: '' }, 'DIRECTORY_NO_VM', /no VM nobody:/],
    ['nobody on the named host', { vm: 'db', host: 'far' }, 'DIRECTORY_NO_VM', /no VM db of far/],
  ])('%s', (_what, target, code, cause) => {
    expect(() => resolve(directory, 'here', target)).toThrow(
      expect.objectContaining({ code, reason: expect.stringMatching(cause) }),
    );
  });
});
