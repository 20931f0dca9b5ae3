/** Pure files (test/helpers/sources/pure-files.ts) act neither by themselves nor through what they import. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { transform } from 'esbuild';
import { expect, test } from 'vitest';
import { actsOf, relativeImports } from './helpers/sources/acting.ts';
import { claimsPure, pureDirectories, pureFiles, sourceDirectory } from './helpers/sources/pure-files.ts';

const codes = new Map<string, Promise<string>>();

/** JavaScript without types and comments: imports of types are gone. */
function codeOf(file: string): Promise<string> {
  const code = codes.get(file) ?? strip(readFileSync(join(sourceDirectory, file), 'utf8'));
  codes.set(file, code);
  return code;
}

async function strip(text: string): Promise<string> {
  const options = { loader: 'ts', minifyWhitespace: true, legalComments: 'none' } as const;
  return (
    await transform(text, { ...options, tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } } })
  ).code;
}

/** The shortest way from a file to one that acts, and how that one acts; undefined if the file is pure. */
async function wayToAct(start: string): Promise<string | undefined> {
  const seen = new Set([start]);
  const ways: string[][] = [[start]];
  // Breadth first: the loop also visits the ways that it adds.
  for (const way of ways) {
    const file = way.at(-1) ?? '';
    const code = await codeOf(file);
    const acts = actsOf(code);
    if (acts.length > 0) return `${way.join(' → ')} → ${acts.join(', ')}`;
    const targets = relativeImports(code).filter((target) => target.endsWith('.ts'));
    for (const next of targets.map((target) => join(dirname(file), target))) {
      if (!seen.has(next)) ways.push([...way, next]);
      seen.add(next);
    }
  }
  return undefined;
}

test('pure files import nothing that acts, also through others', async () => {
  const files = pureFiles();
  console.log(`${files.length} pure files`);
  const ways = await Promise.all(files.map(wayToAct));
  expect(ways.filter((way) => way !== undefined)).toEqual([]);
});

test('every directory of pure files has some', () => {
  const directories = new Set(pureFiles().map((file) => dirname(file)));
  expect(pureDirectories.filter((directory) => !directories.has(directory))).toEqual([]);
});

test('a head comment claims purity, and a comment of a function does not', () => {
  expect(claimsPure('/** Rules of a filter. Pure. */\nimport a;')).toBe(true);
  expect(claimsPure('/**\n * Rules. Pure: values in,\n * values out.\n */')).toBe(true);
  expect(claimsPure('/** Purely local. */')).toBe(false);
  expect(claimsPure("import a from 'a';\n/** Pure. */")).toBe(false);
});

test.each([
  ["import { readFileSync } from 'node:fs';", ['node:fs']],
  ["import * as net from 'node:net';", ['node:net']],
  ["import { isIP, connect } from 'node:net';", ['node:net']],
  ["import { isIP } from 'node:net';", []],
  ["import type { Socket } from 'node:net';", []],
  ["import { join } from 'node:path';", []],
  ["import koffi from 'koffi';", ['koffi']],
  ["const fs = await import('node:fs');", ['node:fs']],
  ['export const now = () => Date.now();', ['Date.now']],
  ['setTimeout(f, 1);', ['setTimeout(']],
  ['const at = process.env.HOME;', ['process.env']],
  ['const machine = process.arch;', []],
  ['// Date.now\nexport const a = 1;', []],
  ['const date = new Date(0);', []],
])('%s acts by %j', async (text, acts) => {
  expect(actsOf(await strip(text))).toEqual(acts);
});

test('a file that acts is found through what it imports', async () => {
  expect(await wayToAct('monitor/vm.ts')).toMatch(/^monitor\/vm\.ts → /);
});
