import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { ownCgroupLimits, unkeptLimits } from '../../../src/monitor/program/own-cgroup.ts';

const MiB = 1024 ** 2;
const kept = { path: '/vm1', memoryMax: String(512 * MiB), cpuWeight: '50' };
const vm1 = { name: 'vm1', memory_max: 512 * MiB, cpu_weight: 50 };

describe('limits of the cgroup', () => {
  test.each([
    ['all are kept', vm1, kept, []],
    ['none is wanted', { ...vm1, memory_max: 0, cpu_weight: 100 }, { ...kept, memoryMax: 'max' }, []],
    ['no memory.max', vm1, { ...kept, memoryMax: 'max' }, ['memory_max']],
    ['another memory.max', vm1, { ...kept, memoryMax: String(256 * MiB) }, ['memory_max']],
    [
      'no cgroup2',
      vm1,
      { path: '', memoryMax: undefined, cpuWeight: undefined },
      ['memory_max', 'cpu_weight'],
    ],
  ])('%s', (_what, vm, found, unkept) => {
    const error = unkeptLimits(vm, found);
    expect(error === undefined).toBe(unkept.length === 0);
    if (error) expect(error.reason).toContain(`nothing keeps ${unkept.join(' and ')}: `);
  });

  test('are read where this process is', () => {
    const line = execFileSync('grep', ['^0::', `/proc/${process.pid}/cgroup`], { encoding: 'utf8' }).trim();
    expect(`0::${ownCgroupLimits().path}`).toBe(line);
  });
});
