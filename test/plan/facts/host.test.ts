/** The reports of `umlmon -check` and of a start about a host with unmet needs: real files, real users, no monitor. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeCow } from '../../disk/cow/sample-file.ts';
import { vmUid, World } from '../../helpers/programs/world.ts';

let world: World;
let image: string;

beforeEach(() => {
  world = new World();
  image = world.addImage('vm1');
});

afterEach(() => world.close());

interface Reported {
  readonly code: string;
  readonly key: string;
  readonly line: number;
  readonly cause: string;
  readonly hint: string;
}

function check(text: string, global = ''): Reported[] {
  world.configure({ vm1: text }, global);
  const { stdout, status } = world.run('umlmon', ['-check', 'vm1', '-json']);
  const { ok, problems } = JSON.parse(stdout);
  expect(status).toBe(ok ? 0 : 3);
  return problems;
}

const disk = 'ubd0 = /disks/root.dsk';

test('a host that fits has no problems', () => {
  expect(check(disk)).toEqual([]);
});

const sharedDisks = () => join(world.varDir, 'shared/disks');

const damages: readonly [string, () => string, Partial<Reported>][] = [
  [
    'an image that does not exist',
    () => 'ubd0 = /disks/other.dsk',
    {
      code: 'IMAGE_MISSING',
      key: 'ubd0',
      line: 8,
      cause: expect.stringContaining('the image does not exist'),
    },
  ],
  [
    'an image that is a link out of the jail',
    () => {
      renameSync(image, join(world.home, 'elsewhere.dsk'));
      symlinkSync(join(world.home, 'elsewhere.dsk'), image);
      return disk;
    },
    { code: 'IMAGE_OUTSIDE', key: 'ubd0', cause: expect.stringContaining('elsewhere.dsk') },
  ],
  [
    'an image directory that is a link out of the jail',
    () => {
      mkdirSync(join(world.home, 'far'));
      renameSync(image, join(world.home, 'far/root.dsk'));
      symlinkSync(join(world.home, 'far'), join(world.varDir, 'vm1/jail/disks/near'));
      return 'ubd0 = /disks/near/root.dsk';
    },
    { code: 'IMAGE_OUTSIDE', key: 'ubd0' },
  ],
  [
    'an image that is a link to another in its place',
    () => {
      renameSync(image, image.replace('root', 'real'));
      symlinkSync('real.dsk', image);
      return disk;
    },
    { code: 'IMAGE_LINK', key: 'ubd0', hint: 'give the path of the file itself' },
  ],
  [
    'two names of one image',
    () => {
      linkSync(image, image.replace('root', 'too'));
      return `${disk}\nubd1 = /disks/too.dsk`;
    },
    {
      code: 'CONFIG_CONFLICT',
      key: 'ubd1',
      cause: expect.stringContaining('by another name: /disks/root.dsk'),
    },
  ],
  [
    'a backing file as a disk of its own',
    () => {
      writeCow(image.replace('root.dsk', 'web.cow'), '/old/place/of/root.dsk', image);
      chownSync(image.replace('root.dsk', 'web.cow'), vmUid, vmUid);
      return `${disk}\nubd1 = /disks/web.cow,/disks/root.dsk`;
    },
    { code: 'CONFIG_CONFLICT', key: 'ubd0', cause: '/disks/root.dsk is the backing file of ubd1' },
  ],
  [
    'a COW image that is none',
    () => {
      renameSync(image, image.replace('.dsk', '.cow'));
      return 'ubd0 = /disks/root.cow';
    },
    {
      code: 'IMAGE_KIND',
      key: 'ubd0',
      cause: 'vm1:/disks/root.cow cannot be used: not a COW file: the magic number is missing',
    },
  ],
  [
    'a directory as image',
    () => {
      rmSync(image);
      mkdirSync(image);
      return disk;
    },
    { code: 'IMAGE_KIND', key: 'ubd0', cause: expect.stringContaining('neither a file nor a block device') },
  ],
  [
    'a FIFO as image',
    () => {
      rmSync(image);
      execFileSync('mkfifo', [image]);
      return disk;
    },
    { code: 'IMAGE_KIND', key: 'ubd0' },
  ],
  [
    'a file with the suffix of a device',
    () => {
      renameSync(image, image.replace('.dsk', '.dev'));
      return 'ubd0 = /disks/root.dev';
    },
    { code: 'IMAGE_KIND', key: 'ubd0', cause: expect.stringContaining('a regular file') },
  ],
  [
    'an empty image',
    () => {
      writeFileSync(image, '');
      return disk;
    },
    { code: 'IMAGE_KIND', key: 'ubd0', cause: expect.stringContaining('0 bytes') },
  ],
  [
    'an image of half a sector',
    () => {
      writeFileSync(image, 'x'.repeat(700));
      return disk;
    },
    { code: 'IMAGE_KIND', key: 'ubd0', cause: expect.stringContaining('700 bytes') },
  ],
  [
    'an image of root',
    () => {
      chownSync(image, 0, 0);
      chmodSync(image, 0o644);
      return disk;
    },
    { code: 'IMAGE_ACCESS', key: 'ubd0', hint: expect.stringContaining('chown irc') },
  ],
  [
    'an unreadable read-only image',
    () => {
      chownSync(image, 0, 0);
      chmodSync(image, 0o600);
      return `${disk} ro\nroot_mode = ro`;
    },
    { code: 'IMAGE_ACCESS', key: 'ubd0', hint: expect.stringContaining('chmod a+r') },
  ],
  [
    'an image in a directory that is closed',
    () => {
      mkdirSync(join(dirname(image), 'apart'), { mode: 0o700 });
      renameSync(image, join(dirname(image), 'apart/root.dsk'));
      return 'ubd0 = /disks/apart/root.dsk';
    },
    { code: 'IMAGE_ACCESS', key: 'ubd0', cause: expect.stringMatching(/irc cannot enter .*disks\/apart$/) },
  ],
  [
    'a backing file in a directory that is closed',
    () => {
      const base = world.addSharedImage();
      const cow = join(dirname(image), 'a.cow');
      writeCow(cow, '/shared/disks/root.dsk', base);
      chownSync(cow, vmUid, vmUid);
      chmodSync(dirname(base), 0o700);
      return 'ubd0 = /disks/a.cow';
    },
    {
      code: 'IMAGE_ACCESS',
      key: 'ubd0',
      cause: expect.stringMatching(/irc cannot enter .*shared\/disks$/),
    },
  ],
  [
    'an unknown user',
    () => `vmuser = nosuchuser\n${disk}`,
    { code: 'JAIL_USER_UNKNOWN', key: 'vmuser', line: 7 },
  ],
  ['root under another name', () => `vmuser = toor\n${disk}`, { code: 'JAIL_USER_UNKNOWN', key: 'vmuser' }],
  [
    'no such kernel',
    () => `kernel = /shared/kernels/none\n${disk}`,
    { code: 'KERNEL_MISSING', key: 'kernel', cause: expect.stringContaining('shared/kernels/none') },
  ],
  [
    'a shell script as kernel',
    () => {
      writeFileSync(join(world.varDir, 'shared/kernels/script'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
      return `kernel = /shared/kernels/script\n${disk}`;
    },
    { code: 'KERNEL_NOT_ELF', key: 'kernel' },
  ],
  [
    'an ordinary program as kernel',
    () => {
      execFileSync('cp', ['/bin/ls', join(world.varDir, 'shared/kernels/ls')]);
      return `kernel = /shared/kernels/ls\n${disk}`;
    },
    { code: 'KERNEL_NOT_UML', key: 'kernel' },
  ],
  [
    'a kernel directory without a library',
    () => {
      rmSync(join(world.varDir, 'shared/kernels/linux/lib/libgcc_s.so.1'));
      return disk;
    },
    { code: 'KERNEL_LIBRARY_MISSING', key: 'kernel', cause: expect.stringContaining('libgcc_s.so.1') },
  ],
  [
    'a kernel that the VM’s user cannot reach',
    () => {
      chmodSync(join(world.varDir, 'shared/kernels/linux'), 0o700);
      return disk;
    },
    { code: 'KERNEL_ACCESS', key: 'kernel', cause: expect.stringContaining('user irc') },
  ],
  [
    'more memory than the host has',
    () => `mem = 60G\n${disk}`,
    {
      code: 'HOST_MEMORY',
      key: 'mem',
      cause: expect.stringMatching(/needs 60 GiB .* [\d.]+ \wiB are available/),
    },
  ],
  [
    'directories that the VM’s user cannot reach',
    () => {
      chmodSync(world.home, 0o700);
      return disk;
    },
    { code: 'JAIL_ACCESS', key: 'vardir', cause: expect.stringContaining('user irc cannot enter') },
  ],
  ['a core that the host has not', () => `cpu = 4000\n${disk}`, { code: 'HOST_CORES', key: 'cpu' }],
];

test.each(damages)('%s', (_name, damage, expected) => {
  expect(check(damage())).toMatchObject([expected]);
});

test('all problems come at once', () => {
  const problems = check(
    'vmuser = nosuchuser\nkernel = /shared/kernels/none\nmem = 60G\ncpu = 4000\nubd0 = /disks/no.dsk',
  );
  expect(problems.map(({ key }) => key)).toEqual(['vmuser', 'kernel', 'mem', 'cpu', 'ubd0']);
});

test('a hard link to an image of a neighbour is the neighbour’s image', () => {
  mkdirSync(sharedDisks(), { recursive: true });
  linkSync(image, join(sharedDisks(), 'root.dsk'));
  // Not a problem by itself: the lock on the file decides, whatever its name.
  expect(check('ubd0 = /shared/disks/root.dsk')).toEqual([]);
});
