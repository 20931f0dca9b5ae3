import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readOptions } from '../../src/config/program-options.ts';

const options = { program: 'prog', flags: ['list', 'json'], values: { units: 'DIRECTORY' }, operand: 'VM' };

test('flags, values and the one word that is neither, in any order', () => {
  const given = readOptions(['--list', 'vm1', '-units', '-odd-', '-config', 'a/b.ini'], {}, options);
  expect([...given.flags]).toEqual(['list']);
  expect(given).toMatchObject({
    values: { units: '-odd-' },
    operand: 'vm1',
    configPath: join(process.cwd(), 'a/b.ini'),
  });
});

test('UMLMON_CONFIG stands for -config, which wins', () => {
  const env = { UMLMON_CONFIG: 'other.ini' };
  expect(readOptions([], env, options).configPath).toBe(join(process.cwd(), 'other.ini'));
  expect(readOptions(['-config', '/a.ini'], env, options).configPath).toBe('/a.ini');
  expect(readOptions([], { UMLMON_CONFIG: '' }, options).configPath).toBeUndefined();
});

test.each([
  [['-lst'], '-lst is not an option'],
  [['---list'], '---list is not an option'],
  [['-'], '- is not an option'],
  [['-list=1'], '-list=1 is not an option'],
  [['-constructor'], '-constructor is not an option'],
  [['-config'], '-config needs a PATH'],
  [['-config', ''], '-config needs a PATH'],
  [['-units'], '-units needs a DIRECTORY'],
  [['vm1', 'vm2'], 'vm2: there is a VM already (vm1)'],
])('%j is refused', (argv, cause) => {
  const error = { code: 'USAGE', place: '', reason: cause, hint: 'prog -help' };
  expect(() => readOptions(argv, {}, options)).toThrow(expect.objectContaining(error));
});

test('a program without such a word takes none', () => {
  const none = { program: 'prog', flags: [] };
  expect(() => readOptions(['vm1'], {}, none)).toThrow(
    expect.objectContaining({ reason: 'vm1 is not an option' }),
  );
});
