/** The check of the structure finds what it looks for. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const script = join(import.meta.dirname, '../../src/setup/structure.mjs');
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'umlmon-structure-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries({ 'src/x.ts': '', 'test/x.test.ts': '', ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

const check = () => spawnSync(process.execPath, [script, root], { encoding: 'utf8' });

test('a tree without faults passes, and prints a zero for each rule', () => {
  write({ 'src/a.ts': "import './b.ts';\nexport const a = 1;\n", 'src/b.ts': 'export const b = 1;\n' });
  expect(check()).toMatchObject({
    status: 0,
    stdout: 'circles 0, doubled exported names 0, folders over 20 files 0, files over 350 lines 0\n',
    stderr: '',
  });
});

test.each<[string, Readonly<Record<string, string>>, RegExp]>([
  [
    'a circle of types',
    { 'src/a.ts': "import type { B } from './b.ts';\n", 'src/b.ts': "export type { A } from './a.ts';\n" },
    /^circles: src\/a\.ts src\/b\.ts$/m,
  ],
  [
    'a circle of three files',
    { 'src/a.ts': "import './b.ts';", 'src/b.ts': "import './c.ts';", 'src/c.ts': "await import('./a.ts');" },
    /^circles: src\/a\.ts src\/b\.ts src\/c\.ts$/m,
  ],
  [
    'a name with two meanings',
    { 'src/a.ts': 'export interface Run {}\n', 'src/b/c.ts': 'export async function Run() {}\n' },
    /^doubled exported names: Run: src\/a\.ts src\/b\/c\.ts$/m,
  ],
  [
    'a large folder of tests',
    Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`test/a/${n}.c`, ''])),
    /^folders over 20 files: test\/a: 21$/m,
  ],
  [
    'a long file',
    { 'test/long.test.ts': '\n'.repeat(351) },
    /^files over 350 lines: test\/long\.test\.ts: 351$/m,
  ],
])('%s is found', (_, files, fault) => {
  write(files);
  const { status, stderr, stdout } = check();
  expect(stderr).toMatch(fault);
  expect(stdout).toMatch(/ 1\b/);
  expect(status).toBe(1);
});

test('generated files may be long and share names', () => {
  const text = `export const a = 1;\n${'\n'.repeat(400)}`;
  write({ 'src/a.gen.ts': text, 'src/b.gen.ts': text });
  expect(check().status).toBe(0);
});
