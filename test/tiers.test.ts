/** Each test file belongs to one tier, which follows from its imports. */
import { expect, test } from 'vitest';
import { hostMark, testTiers } from './helpers/tiers/tiers.ts';

/** Tiers of files with these texts. */
function tiersOf(files: Readonly<Record<string, string>>) {
  return testTiers(Object.keys(files), (file) => files[file] ?? '');
}

test('a file that imports the mark, directly or through a helper, is of the host tier', () => {
  const files = {
    'test/a.test.ts': "import './helpers/tiers/needs-host.ts';\n",
    'test/room/b.test.ts': "import { boot } from '../helpers/boot.ts';\n",
    'test/c.test.ts': "import type { Guest } from './helpers/boot.ts';\nimport { c } from '../src/c.ts';\n",
    'test/d.test.ts': "import {\n  d,\n} from './helpers/plain.ts';\n",
    'test/helpers/boot.ts': "import { e } from './more.ts';\n",
    'test/helpers/more.ts': "import './tiers/needs-host.ts';\nimport { boot } from './boot.ts';\n",
    'test/helpers/plain.ts': '',
    [hostMark]: '',
  };
  expect(tiersOf(files)).toEqual({
    unit: ['test/c.test.ts', 'test/d.test.ts'],
    host: ['test/a.test.ts', 'test/room/b.test.ts'],
  });
});

test('every test file is of exactly one tier, and both tiers have files', () => {
  const { unit, host } = testTiers();
  expect(unit).toContain('test/tiers.test.ts');
  expect(host).toContain('test/monitor/vm.test.ts');
  expect(unit.filter((file) => host.includes(file))).toEqual([]);
});

test('this file, of the unit tier, runs without root and without a kernel', () => {
  expect(process.getuid?.()).not.toBe(0);
  expect(process.env.UMLMON_TEST_KERNEL).toBeUndefined();
});
