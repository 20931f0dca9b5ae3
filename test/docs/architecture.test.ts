/** docs/architecture.md names rooms, files and names of the sources as they are, and CONTRIBUTING.md has the same levels. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const page = read('docs/architecture.md');

/** The lines of the table with this head, as cells. */
function table(head: string): string[][] {
  const lines = page.split('\n');
  const from = lines.findIndex((line) => line.startsWith(head)) + 2;
  const length = lines.slice(from).findIndex((line) => !line.startsWith('|'));
  return lines.slice(from, from + length).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

const quoted = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);

const directoriesIn = (path: string) =>
  readdirSync(join(root, path), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();

test('has every room of src with every sub-room, and no other', () => {
  const rooms = table('| room |').map(([room, , within]) => [quoted(room)[0], quoted(within)]);
  expect(Object.fromEntries(rooms)).toEqual(
    Object.fromEntries(directoriesIn('src').map((room) => [room, directoriesIn(`src/${room}`)])),
  );
});

test('has the levels of test/layers.test.ts, and so has CONTRIBUTING.md', () => {
  const [, lines = ''] = /const levels[^=]*= \[\n([\s\S]*?)\n\];/.exec(read('test/layers.test.ts')) ?? [];
  const levels = lines
    .split('\n')
    .map((line) => [...line.matchAll(/'([\w-]+)'/g)].map(([, room]) => room).join(', '));
  expect(levels.length).toBeGreaterThan(5);
  expect(page).toContain(`    ${levels.join(' -> ')}\n`);
  expect(read('CONTRIBUTING.md')).toContain(`    ${levels.join(' -> ')}\n`);
});

interface Hop {
  readonly hop: number;
  readonly file: string;
  readonly names: readonly string[];
  readonly by: string;
}

const hops = table('| hop |').map(
  ([hop, file = '', names, , by = '']): Hop => ({ hop: Number(hop), file, names: quoted(names), by }),
);

test('goes from key press to exec in at most 20 hops', () => {
  expect(hops.map(({ hop }) => hop)).toEqual(hops.map((_, i) => i + 1));
  expect(hops.length).toBeGreaterThan(10);
  expect(hops.length).toBeLessThanOrEqual(20);
});

/** Ways from one hop to the next that no import shows. */
const indirect = ['socket', 'handlers'];

/** The caller has an object of an interface, whose class is in the file of the hop. */
function expectInterface(name: string, caller: Hop, { file, names }: Pick<Hop, 'file' | 'names'>): void {
  expect(read(file)).toMatch(new RegExp(`class ${names[0]} .*\\bimplements\\b.*\\b${name}\\b`));
  expect(names.slice(1).some((method) => read(caller.file).includes(`.${method}(`))).toBe(true);
}

/** The files that a file imports, as paths from the top. */
function importsOf(file: string): string[] {
  return [...read(file).matchAll(/from '(\.[^']+)'/g)].map(([, path = '']) => join(dirname(file), path));
}

describe.each(hops)('hop $hop, $file', ({ file, names, by, hop }) => {
  test('names symbols that the source has', () => {
    const source = read(file);
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => !new RegExp(`(?<![\\w#])${name}\\b`).test(source))).toEqual([]);
  });

  test('is called by the hop that the table says', () => {
    if (hop === 1) return expect(by).toBe('');
    if (indirect.includes(by)) return expect(by).not.toBe('');
    const [number = '', through] = by.split(', ');
    const caller = hops.find((one) => one.hop === Number(number));
    expect(caller?.hop).toBeLessThan(hop);
    if (!caller) return;
    if (through !== undefined) return expectInterface(through.replaceAll('`', ''), caller, { file, names });
    expect(importsOf(caller.file)).toContain(file);
    expect(names.some((name) => read(caller.file).includes(name))).toBe(true);
  });
});
