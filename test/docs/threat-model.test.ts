/** Every line of the threat model names a test that exists. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/threat-model.md'), 'utf8');

/** The cells of the lines of all tables, without their heads. */
const lines = [...page.matchAll(/^\|(.*)\|$/gm)]
  .map(([, cells = '']) => cells.split('|').map((cell) => cell.trim()))
  .filter(([verb]) => verb !== '' && verb !== '---');

/** The titles of a test file, as they are written in its source. */
function titlesIn(file: string): string[] {
  const source = readFileSync(join(root, file), 'utf8');
  const literals = source.matchAll(
    /\b(?:test|it)\(\s*(['"`])(.*?)\1,|\](?: as const)?\)\(\s*(['"`])(.*?)\3,/gs,
  );
  return [...literals].map(([, , title, , each]) => title ?? each ?? '');
}

test('the page has tables', () => {
  expect(lines.length).toBeGreaterThan(30);
});

test.each(lines.map((cells) => [cells.slice(0, 2).join(' '), cells] as const))('%s', (_what, cells) => {
  const [verb, , shown = '', ...more] = cells;
  expect(more).toEqual([]);
  expect(verb).toMatch(/^(?:can|cannot)$/);
  const [, file, title] = /^(test\/[\w/-]+\.test\.ts): (.+)$/.exec(shown) ?? [];
  if (!file || !title) throw new Error(`names no test: ${shown}`);
  expect(titlesIn(file)).toContain(title);
});
