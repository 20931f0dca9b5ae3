import { expect, test } from 'vitest';
import { panicLines } from '../../src/kernel/panic-lines.ts';
import { describeExit } from '../../src/monitor/endings/exit-record.ts';

const trace = [
  'CPU: 0 UID: 0 PID: 1 Comm: swapper/0 Not tainted 7.2.7 #1 VOLUNTARY  ',
  'Stack:',
  ' 61077eb0 60983b0b 607b940e 60bfb2e0',
  'Call Trace:',
  ' [<6003209e>] ? _printk+0x0/0x45',
];
const fileSystems = ['List of all bdev filesystems:', ' ext3', ' ext2', ' ext4', ' vfat', ' xfs', ' btrfs'];
const partitions = [
  'Please append a correct "root=" boot option; here are the available partitions:',
  '6200           32768 ubda ',
  ' driver: uml-blkdev',
];
const noRoot = 'Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(98,0)';

test.each<[string, string[], string]>([
  [
    'a file system cut short',
    [
      'EXT4-fs (ubda): bad geometry: block count 8192 exceeds size of device (5120 blocks)',
      'VFS: Cannot open root device "/dev/ubda" or unknown-block(98,0): error -22',
      ...partitions,
      ...fileSystems,
      ...fileSystems,
      noRoot,
    ],
    'EXT4-fs (ubda): bad geometry: block count 8192 exceeds size of device (5120 blocks)',
  ],
  [
    'no root device',
    [
      'VFS: Cannot open root device "/dev/ubdb" or unknown-block(0,0): error -6',
      ...partitions,
      ...fileSystems,
      noRoot,
    ],
    'VFS: Cannot open root device "/dev/ubdb" or unknown-block(0,0): error -6',
  ],
  [
    'with the times that printk prints',
    ['[    0.100000] VFS: Cannot open root device "ubdb": error -6', `[    0.110000] ${noRoot}`],
    'VFS: Cannot open root device "ubdb": error -6',
  ],
  [
    'no init',
    [
      'Run /nowhere as init process',
      'Kernel panic - not syncing: Requested init /nowhere failed (error -2).',
    ],
    'Requested init /nowhere failed (error -2).',
  ],
  [
    'an init without its library',
    [
      '/sbin/init: error while loading shared libraries: libc.so.6: cannot open shared object file',
      'Kernel panic - not syncing: Attempted to kill init! exitcode=0x00007f00',
    ],
    '/sbin/init: error while loading shared libraries: libc.so.6: cannot open shared object file',
  ],
])('%s', (_title, output, reason) => {
  const found = panicLines([...Array.from({ length: 50 }, (_, i) => `boot ${i}`), ...output, ...trace]);
  expect(found?.reason).toBe(reason);
  expect(found?.lines.some((line) => line.includes(reason))).toBe(true);
  expect(found?.lines.at(-1)).toContain('Kernel panic - not syncing: ');
  expect(found?.lines.length).toBeLessThanOrEqual(12);
});

test('the trace of an oops is left out where it stands before the panic', () => {
  const output = [
    'Kernel mode fault at addr 0x0, ip 0x60001000',
    ...trace,
    'Kernel panic - not syncing: Fatal exception',
    ...trace,
  ];
  expect(panicLines(output)).toEqual({
    reason: 'Kernel mode fault at addr 0x0, ip 0x60001000',
    lines: ['Kernel mode fault at addr 0x0, ip 0x60001000', 'Kernel panic - not syncing: Fatal exception'],
  });
});

test('without a panic there is nothing', () => {
  expect(panicLines(['reboot: Power down'])).toBeUndefined();
});

test('the exit record has the lines before the trace', () => {
  const output = [...partitions, noRoot, ...trace];
  const exit = describeExit({
    status: 134,
    wasUp: true,
    askedBy: '',
    killed: false,
    panic: 'VFS: Unable to mount root fs on unknown-block(98,0)',
    lastLines: output.slice(-3).join('\n'),
    printed: panicLines(output),
    why: '',
    endedAt: 1,
  });
  expect(exit.lastLines).toBe([...partitions, noRoot].join('\n'));
  expect(exit.con0Reason).toBe('VFS: Unable to mount root fs on unknown-block(98,0)');
});

test('a guest that printed the text of a panic, and powered off, has not panicked', () => {
  const exit = describeExit({
    status: 0,
    wasUp: true,
    askedBy: '',
    killed: false,
    panic: '',
    lastLines: 'reboot: Power down',
    printed: panicLines([noRoot]),
    why: '',
    endedAt: 1,
  });
  expect(exit).toMatchObject({ cause: 'poweroff', con0Reason: '', lastLines: 'reboot: Power down' });
});
