import { describe, expect, test } from 'vitest';
import type { KernelArgument } from '../../src/config/values/kernel-argument.ts';
import { COMMAND_LINE_MAX, type KernelDescription, kernelArguments } from '../../src/kernel/command-line.ts';
import { findLoopsPerJiffy } from '../../src/kernel/lpj.ts';

const MIB = 1024 * 1024;
const plain = { readOnly: false, sync: false, kernelLock: true, trim: true, serial: '' };
const vm: KernelDescription = {
  name: 'vm1',
  memory: 128 * MIB,
  root: '/dev/ubda',
  rootMode: 'rw',
  networks: [],
  disks: [
    { ...plain, unit: 0, jailPath: '/disks/root.dsk' },
    { ...plain, unit: 15, jailPath: '/shared/images/tools.dsk', readOnly: true },
  ],
  consoles: [
    { channel: 'con0', input: 0, output: 1 },
    { channel: 'con1', input: 5, output: 5 },
    { channel: 'ssl0', input: 7, output: 7 },
  ],
  umlDirectory: '/run/uml/',
  umid: 'vm1',
  notify: 'run/mon/notify',
  fastBoot: true,
  loopsPerJiffy: 38_682_624,
  append: ['quiet', 'init=/bin/sh'],
};

test('a whole VM, in the documented order', () => {
  expect(kernelArguments(vm)).toEqual([
    'mem=128M',
    'root=/dev/ubda',
    'rw',
    'ubd0d=/disks/root.dsk',
    'ubd15rd=/shared/images/tools.dsk',
    'con=null',
    'ssl=null',
    'con0=fd:0,fd:1',
    'con1=fd:5',
    'ssl0=fd:7',
    'uml_dir=/run/uml/',
    'umid=vm1',
    'mconsole=notify:run/mon/notify',
    'noreboot',
    'initcall_blacklist=raid6_init',
    'lpj=38682624',
    'pty.legacy_count=0',
    'umlmon.name=vm1',
    'umlmon.consoles=con1,ssl0',
    'quiet',
    'init=/bin/sh',
  ]);
});

test('what is not wanted is not there', () => {
  const { notify: _, loopsPerJiffy: __, ...rest } = vm;
  expect(kernelArguments({ ...rest, append: [] }).filter((one) => /lpj|mconsole/.test(one))).toEqual([]);
  expect(kernelArguments({ ...vm, fastBoot: false }).filter((one) => /lpj|raid6|legacy/.test(one))).toEqual(
    [],
  );
});

test.each([
  [{ backing: '/shared/disks/b.dsk' }, 'ubd3=/disks/a,/shared/disks/b.dsk'],
  [{ backing: '/shared/disks/b.dsk', serial: 'S1', readOnly: true }, 'ubd3r=/disks/a,/shared/disks/b.dsk,S1'],
  [{ serial: 'S1' }, 'ubd3d=/disks/a,,S1'],
  [{ readOnly: true, sync: true, kernelLock: false, trim: false }, 'ubd3rsctd=/disks/a'],
])('a disk with %j', (flags, argument) => {
  const disks = [{ ...plain, unit: 3, jailPath: '/disks/a', ...flags }];
  expect(kernelArguments({ ...vm, disks })).toContain(argument);
});

test.each([
  [64 * MIB, 'mem=64M'],
  [4096 * MIB, 'mem=4096M'],
  [64 * MIB + 4096, 'mem=65540K'],
])('%i bytes of memory', (memory, argument) => {
  expect(kernelArguments({ ...vm, memory })).toContain(argument);
});

describe('refused:', () => {
  const backed = (backing: string): KernelDescription => ({
    ...vm,
    disks: [{ ...plain, unit: 0, jailPath: '/disks/a.cow', backing }],
  });
  const disk = (jailPath: string): KernelDescription => ({
    ...vm,
    disks: [{ ...plain, unit: 0, jailPath }],
  });
  test.each([
    ['a backing file in the name of a disk', disk('/disks/a,/etc/shadow')],
    ['a colon in the name of a disk', disk('/disks/a:b')],
    ['a blank in the name of a disk', disk('/disks/a b')],
    ['a line end in a name', { ...vm, name: 'a\ninit=/x' }],
    ['a quote in a name', { ...vm, name: 'a"b' }],
    ['an empty argument', { ...vm, append: [''] }],
    ['a NUL in an argument', { ...vm, append: ['a\0b'] }],
    ['two arguments as one', { ...vm, append: ['a ubd7=/x'] }],
    ['a quote that is left open', { ...vm, append: ['a="b'] }],
    ['a tab between quotes', { ...vm, append: ['a="b\tc"'] }],
    ['a no-break space in an argument', { ...vm, append: ['a\u00a0ubd7=/x'] }],
    ['a letter with a byte that the kernel takes for a blank', { ...vm, append: ['à'] }],
    ['such a letter in the name of a disk', disk('/disks/à.dsk')],
    ['such a letter in a backing file', backed('/disks/à.dsk')],
    ['such a letter in a network', { ...vm, networks: ['vec0:transport=bess,dst=/run/à' as KernelArgument] }],
  ])('%s', (_, description) => {
    expect(() => kernelArguments(description)).toThrow(expect.objectContaining({ code: 'KERNEL_ARGUMENT' }));
  });

  test('more bytes than the kernel takes', () => {
    const length = kernelArguments({ ...vm, append: [] }).join(' ').length;
    const filled = (bytes: number) => ({ ...vm, append: ['x'.repeat(bytes)] });
    expect(kernelArguments(filled(COMMAND_LINE_MAX - length - 1)).join(' ')).toHaveLength(COMMAND_LINE_MAX);
    expect(() => kernelArguments(filled(COMMAND_LINE_MAX - length))).toThrow(/4096 bytes; the limit is 4095/);
  });
});

test.each([
  ['Calibrating delay loop... 7736.52 BogoMIPS (lpj=38682624)\r\npid_max: default: 32768', 38_682_624],
  ['Calibrating delay loop... 7736.52 BogoMIPS (lpj=', undefined],
  ['Kernel command line: lpj=5 (lpj=6)', undefined],
  ['BogoMIPS (lpj=0)', undefined],
  ['BogoMIPS (lpj=99999999999999999999)', undefined],
  ['', undefined],
])('loops per jiffy in %j', (output, value) => {
  expect(findLoopsPerJiffy(output)).toBe(value);
});
