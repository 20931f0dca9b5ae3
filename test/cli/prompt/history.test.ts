import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { History } from '../../../src/cli/prompt/history.ts';

let home = '';
const file = () => join(home, '.local/state/umlwatch_history');
const open = () => new History({ HOME: home });

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'umlmon-history-'));
});
afterEach(() => {
  chmodSync(home, 0o700);
  rmSync(home, { recursive: true });
});

test('lines are there in the next session, newest first, each once', () => {
  const first = open();
  for (const line of ['info', 'start', 'start', '', '  ', 'info']) first.add(line);
  expect(first.newestFirst).toEqual(['info', 'start']);
  expect(open().newestFirst).toEqual(['info', 'start']);
  expect(readFileSync(file(), 'utf8')).toBe('info\nstart\ninfo\n');
  expect(statSync(file()).mode & 0o777).toBe(0o600);
});

test('two sessions at once lose no line', () => {
  const [a, b] = [open(), open()];
  a.add('from a');
  b.add('from b');
  expect(open().newestFirst).toEqual(['from b', 'from a']);
});

test('the file is bounded: the newest lines stay', () => {
  open().add('first');
  writeFileSync(file(), Array.from({ length: 1001 }, (_, n) => `log con${n}\n`).join(''));
  expect(open().newestFirst).toHaveLength(500);
  const lines = readFileSync(file(), 'utf8').trimEnd().split('\n');
  expect([lines.length, lines[0], lines.at(-1)]).toEqual([500, 'log con501', 'log con1000']);
});

test('a file that cannot be created is the same as a missing file', () => {
  writeFileSync(join(home, '.local'), 'a file where a directory should be');
  const history = open();
  history.add('info');
  expect(history.newestFirst).toEqual(['info']);
});

test('XDG_STATE_HOME is respected', () => {
  const history = new History({ HOME: '/nonexistent', XDG_STATE_HOME: join(home, 'state') });
  history.add('info');
  expect(readFileSync(join(home, 'state/umlwatch_history'), 'utf8')).toBe('info\n');
});
