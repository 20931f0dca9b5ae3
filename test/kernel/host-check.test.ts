import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { checkKernel, parseCpuFlags } from '../../src/kernel/host-check.ts';
import { probeKernel } from '../../src/kernel/probe.ts';
import { testKernelDirectory } from '../helpers/guest/kernel.ts';

const host = { machine: 'x86_64', flags: new Set(['sse2', 'xsave', 'amx_tile']) };
const plain = { machine: 'x86_64', flags: new Set(['sse2']) };
const kernel = { file: '/k', uml: true, machine: 'x86_64', version: '7.2.7' };

describe('a kernel', () => {
  test.each([
    ['7.2 on AMX', kernel, host, []],
    ['6.13 on AMX', { ...kernel, version: '6.13.0-rc1' }, host, []],
    ['6.12 on AMX', { ...kernel, version: '6.12.48' }, host, ['KERNEL_TOO_OLD']],
    ['6.1 on AMX', { ...kernel, version: '6.1.176' }, host, ['KERNEL_TOO_OLD']],
    ['5.19 on AMX', { ...kernel, version: '5.19' }, host, ['KERNEL_TOO_OLD']],
    ['10.0 on AMX', { ...kernel, version: '10.0.1' }, host, []],
    ['6.1 without AMX', { ...kernel, version: '6.1.176' }, plain, []],
    ['of another machine', { ...kernel, machine: 'aarch64' }, host, ['KERNEL_MACHINE']],
    ['that is none', { ...kernel, uml: false, version: '' }, host, ['KERNEL_NOT_UML']],
  ])('%s', (_, probe, processor, codes) => {
    const problems = checkKernel(probe, processor);
    expect(problems.map(({ code }) => code)).toEqual(codes);
    for (const { place, cause, hint } of problems)
      expect([place, !cause, !hint]).toEqual(['/k', false, false]);
  });
});

test('the kernel of the tests can run here', () => {
  const machine = execFileSync('uname', ['-m'], { encoding: 'utf8' }).trim();
  const flags = parseCpuFlags(readFileSync('/proc/cpuinfo', 'utf8'));
  expect(checkKernel(probeKernel(testKernelDirectory()), { machine, flags })).toEqual([]);
  expect(checkKernel(probeKernel('/bin/busybox'), { machine, flags })).toHaveLength(1);
});

test('flags are separate names, those of the first processor', () => {
  expect(parseCpuFlags('processor\t: 0\nflags\t\t: fpu amx_tile \nprocessor\t: 1\nflags\t\t: vme\n')).toEqual(
    new Set(['fpu', 'amx_tile']),
  );
  expect(parseCpuFlags('processor\t: 0\nFeatures\t: fp asimd\n')).toEqual(new Set(['fp', 'asimd']));
  expect(parseCpuFlags('')).toEqual(new Set());
  expect(parseCpuFlags(readFileSync('/proc/cpuinfo', 'utf8')).size).toBeGreaterThan(5);
});
