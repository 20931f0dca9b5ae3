import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { securityLimits } from '../../../src/system/limits/limits.ts';
import { SecurityFile } from '../../../src/system/logs/security-file.ts';

let directory = '';
let path = '';
let file: SecurityFile;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'umlmon-test-'));
  path = join(directory, 'security.log');
  file = new SecurityFile(path);
});
afterEach(() => rmSync(directory, { recursive: true }));

test('is of bounded size and number, of whole lines, and for its owner and group', () => {
  const line = `${'x'.repeat(999)}\n`;
  const perFile = Math.floor(securityLimits.fileBytes / line.length);
  for (let n = 0; n < perFile * (securityLimits.files + 3); n++) file.write(line);
  const names = readdirSync(directory).sort();
  expect(names).toHaveLength(securityLimits.files + 1);
  for (const name of names) {
    const { size, mode } = statSync(join(directory, name));
    expect(size).toBe(perFile * line.length);
    expect(mode & 0o137).toBe(0);
  }
});

test('is a new file after it was moved away', () => {
  file.write('one\n');
  renameSync(path, `${path}-moved`);
  file.write('two\n');
  expect(readFileSync(path, 'utf8')).toBe('two\n');
});

test('reports once that lines are lost, and once that the loss has ended', () => {
  const changes: unknown[] = [];
  const told = new SecurityFile(join(directory, 'later/security.log'), (change, at) =>
    changes.push([change, at]),
  );
  for (let n = 0; n < 3; n++) told.write('lost\n');
  expect(changes).toEqual([[{ failed: expect.stringMatching(/^ENOENT/) }, told.path]]);
  mkdirSync(join(directory, 'later'));
  for (let n = 0; n < 3; n++) told.write('there\n');
  expect(changes.slice(1)).toEqual([[{ missing: 3 }, told.path]]);
});

test('does not follow a link, throws no error, and records the number of missing lines', () => {
  const other = join(directory, 'other');
  writeFileSync(other, '');
  symlinkSync(other, path);
  for (let n = 0; n < 3; n++) file.write('lost\n');
  expect(file.error).toMatch(/^ELOOP/);
  expect(readFileSync(other, 'utf8')).toBe('');
  rmSync(path);
  file.write('there\n');
  const [note = '', line] = readFileSync(path, 'utf8').split('\n');
  expect(JSON.parse(note)).toMatchObject({ kind: 'unlogged', count: 3 });
  expect([line, file.error]).toEqual(['there', '']);
});

test('a directory in its place, and a missing directory, are reported, too', () => {
  mkdirSync(path);
  file.write('lost\n');
  expect(file.error).toMatch(/^EISDIR/);
  const nowhere = new SecurityFile(join(directory, 'none/security.log'));
  nowhere.write('lost\n');
  expect(nowhere.error).toMatch(/^ENOENT/);
  expect(existsSync(join(directory, 'none'))).toBe(false);
});
