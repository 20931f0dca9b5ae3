/**
 * A daemon has one thread: while it waits in a call, consoles are not drained, and no client gets an answer. So nothing
 * that a daemon imports waits for a program, a lock or a large directory.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

const source = join(import.meta.dirname, '../../../src');

/** The programs of daemons. */
const daemons = ['bin/umlmon.ts', 'bin/umldir.ts', 'bin/umlweb.ts'];

/** Calls that wait for a program or for time, and walks of whole trees. */
const waiting =
  /\b(?:spawnSync|execSync|execFileSync|Atomics\.wait|globSync|cpSync)\b|\brecursive: true, encoding/g;

/** Files that may, with the reason. */
const exceptions: Readonly<Record<string, string>> = {
  'monitor/program/write-units.ts': 'umlmon as a generator of systemd units serves nobody',
};

/** All files that a program imports, types included. */
function reachable(from: readonly string[]): Set<string> {
  const found = new Set<string>();
  const open = [...from];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (found.has(file)) continue;
    found.add(file);
    const text = readFileSync(join(source, file), 'utf8');
    for (const [, target = ''] of text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']*\.ts)'/g))
      open.push(relative(source, join(source, dirname(file), target)));
  }
  return found;
}

function waits(text: string): string[] {
  return [...text.matchAll(waiting)].map(([call]) => call);
}

test('nothing that a daemon imports waits for a program, for time or for a tree of files', () => {
  const files = [...reachable(daemons)].sort();
  expect(files.length).toBeGreaterThan(300);
  expect(files).toContain('network/configure.ts');
  const found = files.filter((file) => waits(readFileSync(join(source, file), 'utf8')).length > 0);
  expect(found).toEqual(Object.keys(exceptions));
});

/**
 * Files of daemons that read a whole directory in one call, and why it is small: the directory of a user of a VM may have
 * any number of entries.
 */
const listing: Readonly<Record<string, string>> = {
  'config/file/read-file.ts': 'the directory of configurations, of the administrator',
  'disk/locks/holders.ts': 'a file for each running VM of the host, of root',
  'jail/pause.ts': 'threads of a kernel',
  'kernel/mconsole.ts': 'sockets to the kernel, in a directory of the monitor itself',
  'monitor/endings/crash-store.ts': 'crash bundles of a VM, of which few are kept',
  'monitor/program/write-units.ts': 'umlmon as a generator of systemd units serves nobody',
  'network/network-record.ts': 'a file for each VM with a network, of root; the files are read in slices',
  'plan/facts/core-claims.ts': 'a file for each running VM of the host, of root',
  'system/files/held-directory.ts':
    'its callers have directories of the monitor itself; entries() is for others',
  'system/processes/inherited-descriptors.ts': 'descriptors of this process',
};

test('directories that are listed in one call are on the list of small ones', () => {
  const files = [...reachable(daemons)].sort();
  const found = files.filter((file) => /\breaddirSync\(/.test(readFileSync(join(source, file), 'utf8')));
  expect(found).toEqual(Object.keys(listing).sort());
});

test('the test above detects violations', () => {
  expect(waits(`spawnSync('/bin/true'); Atomics.wait(x, 0, 0, 1);`)).toEqual(['spawnSync', 'Atomics.wait']);
  expect(readdirSync(source)).toContain('bin');
});
