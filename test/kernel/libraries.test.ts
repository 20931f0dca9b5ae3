import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { resolveLibraries } from '../../src/kernel/libraries.ts';
import { parseLoaderCache } from '../../src/kernel/loader-cache.ts';
import { testKernelDirectory } from '../helpers/guest/kernel.ts';

const directory = testKernelDirectory();
const scratch = mkdtempSync(join(tmpdir(), 'umlmon-libraries-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** The libraries that the host's loader would load: name → path. */
function askLdd(program: string): Record<string, string> {
  const text = execFileSync('ldd', [program], { encoding: 'utf8' });
  return Object.fromEntries(
    [...text.matchAll(/^\s+(\S+) => (\/\S+)/gm)].map(([, name, path]) => [name, path]),
  );
}

describe('the libraries of', () => {
  for (const program of ['/bin/ls', '/usr/bin/bwrap', '/usr/bin/setpriv', process.execPath, '/usr/bin/tmux'])
    test(`${program} are those that its loader loads`, () => {
      const { interpreter, libraries } = resolveLibraries(program);
      const found = Object.fromEntries(libraries.map(({ name, hostPath }) => [name, hostPath]));
      const byName = { 'libgcc_s.so.1': '/lib/x86_64-linux-gnu/libgcc_s.so.1' };
      expect({ ...byName, ...found }).toEqual({ ...byName, ...askLdd(program) });
      expect(interpreter?.hostPath).toBe('/lib64/ld-linux-x86-64.so.2');
    });

  test('a kernel directory are all there, with those that libc loads by name', () => {
    const { interpreter, libraries } = resolveLibraries(join(directory, 'linux'), join(directory, 'lib'));
    expect(interpreter).toEqual({
      jailPath: '/lib64/ld-linux-x86-64.so.2',
      hostPath: join(directory, 'lib/ld-linux-x86-64.so.2'),
    });
    expect(libraries).toEqual(
      ['libc.so.6', 'libgcc_s.so.1'].map((name) => ({ name, hostPath: join(directory, 'lib', name) })),
    );
  });

  test('a static program needs no libraries', () => {
    expect(resolveLibraries('/bin/busybox')).toEqual({ interpreter: undefined, libraries: [] });
  });
});

test.each(['libc.so.6', 'libgcc_s.so.1', 'ld-linux-x86-64.so.2'])(
  'a missing %s is named, with the file that needs it',
  (name) => {
    const lib = join(scratch, name);
    cpSync(join(directory, 'lib'), lib, { recursive: true });
    rmSync(join(lib, name));
    const needer = name === 'libgcc_s.so.1' ? 'libc.so.6' : 'linux';
    expect(() => resolveLibraries(join(directory, 'linux'), lib)).toThrow(
      expect.objectContaining({
        code: 'KERNEL_LIBRARY_MISSING',
        reason: `${needer} needs ${name}; not found: ${join(lib, name)}`,
      }),
    );
  },
);

describe('the cache of the loader', () => {
  const cache = readFileSync('/etc/ld.so.cache');

  test('agrees with ldconfig -p', () => {
    const printed = execFileSync('/sbin/ldconfig', ['-p'], { encoding: 'utf8' });
    const expected = new Map<string, string>();
    for (const [, name, path] of printed.matchAll(/^\t(\S+) \(libc6,x86-64\) => (\S+)$/gm))
      if (name && path && !expected.has(name)) expected.set(name, path);
    expect(expected.size).toBeGreaterThan(10);
    expect(parseLoaderCache(cache, 'x64')).toEqual(expected);
  });

  test('may be damaged', () => {
    const change = fc.tuple(fc.nat(4096), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 10 }), fc.nat(cache.length), (changes, length) => {
        const file = Buffer.from(cache.subarray(0, length));
        for (const [at, value] of changes) if (at < file.length) file[at] = value;
        for (const [name, path] of parseLoaderCache(file, 'x64')) expect(basename(name) && path[0]).toBe('/');
      }),
    );
  });
});
