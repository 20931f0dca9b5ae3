import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { probeKernel } from '../../src/kernel/probe.ts';
import { collectTraits, OVERLAP } from '../../src/kernel/traits.ts';
import { testKernelDirectory } from '../helpers/guest/kernel.ts';

const directory = testKernelDirectory();
const kernel = join(directory, 'linux');
const scratch = mkdtempSync(join(tmpdir(), 'umlmon-probe-'));
afterAll(() => rmSync(scratch, { recursive: true }));

describe('a real kernel', () => {
  test('matches what the kernel prints', () => {
    const loader = join(directory, 'lib/ld-linux-x86-64.so.2');
    // Run by its loader with addresses fixed, as the host's libraries may be too old for it.
    const version = execFileSync(
      'setarch',
      ['-R', loader, '--library-path', join(directory, 'lib'), kernel, '--version'],
      {
        encoding: 'utf8',
      },
    ).trim();
    expect(version).toMatch(/^\d+\.\d+/);
    const probe = probeKernel(kernel);
    expect(probe).toMatchObject({ uml: true, version, machine: 'x86_64', linking: 'dynamic' });
    expect(probe.banner).toMatch(new RegExp(`^Linux version ${version} \\(.*\\) #\\d+ .* \\d{4}$`));
  });

  test('has the transports that its package was configured with', () => {
    // 6.16 removed the older devices; the vector driver is one piece.
    expect(probeKernel(kernel)).toMatchObject({
      transports: ['tap', 'raw', 'hybrid', 'fd', 'bess', 'l2tpv3', 'gre', 'vde'],
      legacyTransports: [],
      seccomp: true,
    });
  });

  test('is found in a directory, also through a link', () => {
    const link = join(scratch, 'kernel');
    symlinkSync(directory, link);
    expect(probeKernel(link)).toMatchObject({
      file: kernel,
      libraryDirectory: join(directory, 'lib'),
      moduleDirectory: join(directory, 'modules'),
    });
    expect(probeKernel(kernel)).not.toHaveProperty('libraryDirectory');
  });
});

test('other programs are not kernels', () => {
  expect(probeKernel('/bin/busybox')).toMatchObject({ uml: false, version: '', transports: [] });
});

test.each([
  ['/bin/nothing-here', 'KERNEL_MISSING'],
  ['/etc', 'KERNEL_MISSING'],
  ['/dev/null', 'KERNEL_MISSING'],
  ['/etc/profile', 'KERNEL_NOT_ELF'],
])('%s is refused', (path, code) => {
  expect(() => probeKernel(path)).toThrow(
    expect.objectContaining({ code, place: expect.stringContaining(path) }),
  );
});

test('texts that lie across two pieces are found', () => {
  const file = readFileSync(kernel);
  const whole = collectTraits();
  whole.add(file);
  const pieces = collectTraits();
  const size = 3 * OVERLAP + 7;
  for (let at = 0; at < file.length; at += size - OVERLAP) pieces.add(file.subarray(at, at + size));
  expect(pieces.result()).toEqual(whole.result());
});

describe('the cache', () => {
  const copy = join(scratch, 'linux');
  const cache = join(scratch, 'cache.json');
  const cached = () =>
    JSON.parse(readFileSync(cache, 'utf8')) as { kernels: Record<string, { version: string }> };
  beforeAll(() => cpSync(kernel, copy));

  test('is used as long as the kernel is the same', () => {
    const probe = probeKernel(copy, cache);
    expect(probe).toEqual(probeKernel(copy));
    writeFileSync(cache, readFileSync(cache, 'utf8').replace(/"version":"[^"]*"/, '"version":"9.9.9"'));
    expect(probeKernel(copy, cache).version).toBe('9.9.9');
    utimesSync(copy, 1, 1);
    expect(probeKernel(copy, cache).version).toBe(probe.version);
    expect(Object.keys(cached().kernels)).toHaveLength(2);
  });

  test.each([
    '',
    '{',
    '[]',
    'null',
    '{"version":1}',
    '{"version":1,"kernels":{"a":{"uml":1}}}',
    '{"version":7,"kernels":{}}',
  ])('may be damaged: %s', (content) => {
    writeFileSync(cache, content);
    expect(probeKernel(copy, cache).uml).toBe(true);
    expect(Object.values(cached().kernels)).toHaveLength(1);
  });

  test('may be impossible to write', () => {
    expect(probeKernel(copy, '/proc/no/cache.json').uml).toBe(true);
    expect(probeKernel(copy, scratch).uml).toBe(true);
  });

  test('keeps a bounded number of kernels, the newest', () => {
    for (let time = 1; time <= 40; time++) {
      const program = join(scratch, 'small');
      cpSync('/usr/bin/true', program);
      utimesSync(program, time, time);
      probeKernel(program, cache);
    }
    expect(Object.keys(cached().kernels)).toHaveLength(32);
  });

  test('leaves no other files', () => {
    expect(readdirSync(scratch).sort()).toEqual(['cache.json', 'kernel', 'linux', 'small']);
  });
});
