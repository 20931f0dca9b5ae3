import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ProgramSpec } from '../../src/command-line/program-spec.ts';
import * as programs from '../../src/command-line/programs.ts';
import { configPathOf, lastValue, readOptions } from '../../src/command-line/read-options.ts';

const program: ProgramSpec = {
  name: 'prog',
  usage: [],
  arguments: 'one',
  options: {
    config: { value: 'PATH', valueHint: 'a file', help: '' },
    list: { help: '' },
    json: { help: '' },
    units: { value: 'DIRECTORY', help: '' },
  },
};

test('flags, values and one argument are valid in any order; the last value counts', () => {
  const argv = ['--list', '-units', 'first', 'vm1', '-units', '-odd-', '-config', 'a/b.ini'];
  const given = readOptions(argv, program);
  expect([...given.flags]).toEqual(['list']);
  expect(given.rest).toEqual(['vm1']);
  expect(given.values.get('units')).toEqual(['first', '-odd-']);
  expect(lastValue(given, 'units')).toBe('-odd-');
  expect(configPathOf(given, {})).toBe(join(process.cwd(), 'a/b.ini'));
});

test('UMLMON_CONFIG replaces -config only if that is not given', () => {
  const pathOf = (argv: string[], env: Record<string, string>) =>
    configPathOf(readOptions(argv, program), env);
  expect(pathOf([], { UMLMON_CONFIG: 'other.ini' })).toBe(join(process.cwd(), 'other.ini'));
  expect(pathOf(['-config', '/a.ini'], { UMLMON_CONFIG: 'other.ini' })).toBe('/a.ini');
  expect(pathOf([], { UMLMON_CONFIG: '' })).toBeUndefined();
});

test.each([
  [['-lst'], 'unknown option "-lst"', 'did you mean -list?'],
  [['---list'], 'unknown option "---list"', 'prog -help'],
  [['-'], 'unknown option "-"', 'prog -help'],
  [['-list=1'], 'unknown option "-list=1"', 'prog -help'],
  [['-constructor'], 'unknown option "-constructor"', 'prog -help'],
  [['-config'], '-config needs a PATH', 'a file'],
  [['-config', ''], '-config needs a PATH', 'a file'],
  [['-units'], '-units needs a DIRECTORY', 'prog -help'],
  [['vm1', 'vm2'], 'unexpected argument "vm2"', 'prog -help'],
  [['a\x1b[2J', 'b\x1b[2J'], 'unexpected argument "b\\u{1b}[2J"', 'prog -help'],
])('%j is refused', (argv, reason, hint) => {
  expect(() => readOptions(argv, program)).toThrow(
    expect.objectContaining({ code: 'USAGE', place: '', reason, hint }),
  );
});

test('a program without arguments refuses the first one', () => {
  expect(() => readOptions(['vm1'], { ...program, arguments: 'nothing' })).toThrow(
    expect.objectContaining({ reason: 'unexpected argument "vm1"' }),
  );
});

test('the command of another program keeps its options, also as bytes', () => {
  const runner: ProgramSpec = { ...program, arguments: 'command' };
  expect(readOptions(['-json', 'ls', '-json', '--', '-x'], runner).rest).toEqual(['ls', '-json', '--', '-x']);
  expect(readOptions(['--', '-x'], runner).rest).toEqual(['-x']);
  const odd = Buffer.from([0x61, 0xff]);
  const given = readOptions([Buffer.from('-units'), odd, odd, Buffer.from('-json')], runner);
  expect(given.values.get('units')).toEqual([odd]);
  expect(given.rest).toEqual([odd, Buffer.from('-json')]);
  expect(given.flags.size).toBe(0);
});

test('commands keep options that the program does not have', () => {
  const given = readOptions(['disk', '-json', 'list', '-x', '-units', 'd'], {
    ...program,
    arguments: 'commands',
  });
  expect(given.rest).toEqual(['disk', 'list', '-x']);
});

const pages = { umlwatch: 1, umlrun: 1, umladmin: 8, umlmon: 8, umldir: 8, umlweb: 8 };

test.each(Object.values<ProgramSpec>(programs))(
  'the page of $name has exactly its options',
  ({ name, options }) => {
    const section = pages[name as keyof typeof pages];
    const page = readFileSync(join(import.meta.dirname, `../../docs/${name}.${section}.md`), 'utf8');
    const [, text = ''] = /^# OPTIONS\n([\s\S]*?)^# /m.exec(page) ?? [];
    const titles = text.split('\n').filter((line) => line.startsWith('**-'));
    const described = titles.flatMap((line) =>
      [...line.matchAll(/\*\*-([a-z-]+)\*\*/g)].map(([, one]) => one),
    );
    expect(described.sort()).toEqual(Object.keys(options).sort());
  },
);
