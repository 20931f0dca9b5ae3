/** An image that cannot be what its VM needs is found before the start, by check, doctor, plan and start alike. */
import { execFileSync } from 'node:child_process';
import {
  chownSync,
  closeSync,
  copyFileSync,
  openSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeCow } from '../../disk/cow/sample-file.ts';
import { vmUid, World } from '../../helpers/programs/world.ts';

const MiB = 1024 ** 2;
let world: World;
let root: string;
let data: string;

beforeEach(() => {
  world = new World();
  root = world.addImage('vm1');
  data = join(dirname(root), 'data.dsk');
  world.configure({ vm1: 'ubd0 = /disks/root.dsk' });
});

afterEach(() => world.close());

interface Found {
  readonly severity: string;
  readonly code: string;
  readonly key: string;
  readonly line: number;
  readonly cause: string;
  readonly hint: string;
}

function check(): Found[] {
  const { stdout } = world.run('umlmon', ['-check', 'vm1', '-json']);
  return JSON.parse(stdout).problems;
}

function make(path: string, bytes: number, content: Buffer | string = '', at = 0): void {
  writeFileSync(path, '');
  truncateSync(path, bytes);
  const fd = openSync(path, 'r+');
  writeSync(fd, Buffer.isBuffer(content) ? content : Buffer.from(content, 'latin1'), 0, undefined, at);
  closeSync(fd);
  chownSync(path, vmUid, vmUid);
}

const sfdisk = (path: string, ...lines: string[]) =>
  execFileSync('sfdisk', ['-q', path], { input: lines.join('\n') });

describe('files that are not disks', () => {
  test.each<[string, string | Buffer, number, string]>([
    ['qcow2', 'QFI\xfb\0\0\0\x03', 0, 'a qcow2 image'],
    ['vmdk', 'KDMV\x01\0\0\0', 0, 'a VMDK image'],
    ['vhdx', 'vhdxfile', 0, 'a VHDX image'],
    ['tar', 'ustar\x0000', 257, 'a tar archive'],
    ['gzip', Buffer.from([0x1f, 0x8b, 8, 0]), 0, 'gzip data'],
    ['zip', 'PK\x03\x04', 0, 'a zip archive'],
    ['UML’s COW under another name', 'OOOM\0\0\0\x03', 0, 'a COW image of UML'],
    ['LUKS', 'LUKS\xba\xbe', 0, 'a LUKS volume'],
    ['LVM', 'LABELONE', 512, 'an LVM volume'],
    ['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]), 0, 'xz data'],
  ])('%s as the root is refused', (_title, magic, at, what) => {
    make(root, 32 * MiB, magic, at);
    expect(check()).toMatchObject([
      {
        severity: 'error',
        code: 'IMAGE_CONTENT',
        key: 'ubd0',
        line: 8,
        cause: `${root} is ${what}, not a disk image`,
      },
    ]);
  });

  test('the disk of another program beside the root is a warning, an archive is not', async () => {
    world.configure({ vm1: 'ubd0 = /disks/root.dsk\nubd1 = /disks/data.dsk' });
    make(data, MiB, 'QFI\xfb\0\0\0\x03');
    expect(check()).toMatchObject([
      { severity: 'warning', key: 'ubd1', cause: expect.stringContaining('qcow2') },
    ]);
    expect(world.run('umlmon', ['-check', 'vm1']).status).toBe(0);
    const planned = world.run('umlmon', ['-plan', 'vm1']);
    expect(planned.status).toBe(0);
    expect(planned.stderr).toContain('warning');
    await world.startMonitor('vm1');
    const client = await world.client('vm1');
    await expect(client.call('start', undefined)).resolves.toMatchObject({ state: 'running' });
    expect((await client.call('info', undefined)).lastWarning).toContain('is a qcow2 image');
    await client.call('kill', undefined);
    make(data, MiB, Buffer.from([0x1f, 0x8b, 8, 0]));
    expect(check()).toEqual([]);
  });
});

test('check, plan, doctor, start and umladmin start report the same problems, with file and line', async () => {
  make(root, 32 * MiB, 'QFI\xfb\0\0\0\x03');
  const place = `${world.configPath}:8: [vm1] ubd0: `;
  const checked = world.run('umlmon', ['-check', 'vm1']);
  const planned = world.run('umlmon', ['-plan', 'vm1']);
  expect([checked.status, planned.status]).toEqual([3, 3]);
  for (const { stderr } of [checked, planned]) expect(stderr).toContain(`${place}${root} is a qcow2 image`);
  expect(world.run('umladmin', ['doctor']).stdout).toContain(`${place}${root} is a qcow2 image`);
  await world.startMonitor('vm1');
  const started = world.run('umlwatch', ['vm1', '-start']);
  expect(started.status).toBe(3);
  expect(started.stderr).toContain(`${place}${root} is a qcow2 image`);
  expect(started.stderr).toContain(`qemu-img convert -f qcow2 -O raw ${root} `);
});

describe('cut short', () => {
  const cut = () => truncateSync(root, 20 * MiB);
  test.each<[string, string, string[]]>([
    ['ext4', 'mkfs.ext4', ['-q', '-F']],
    ['ext2', 'mkfs.ext2', ['-q', '-F', '-b', '1024']],
    ['btrfs', 'mkfs.btrfs', ['-q', '-f']],
    ['xfs', 'mkfs.xfs', ['-q', '-f']],
  ])('%s', (kind, program, args) => {
    make(root, 320 * MiB);
    execFileSync(`/usr/sbin/${program}`, [...args, root]);
    expect(check()).toEqual([]);
    cut();
    expect(check()).toMatchObject([
      {
        severity: 'error',
        code: 'IMAGE_CONTENT',
        cause: `${root} is truncated: its ${kind} file system needs ${320 * MiB} bytes, but has ${20 * MiB}`,
      },
    ]);
  });

  test('squashfs', () => {
    execFileSync('mksquashfs', ['/etc/ssl', root, '-noappend', '-quiet', '-no-progress']);
    chownSync(root, vmUid, vmUid);
    expect(check()).toEqual([]);
    truncateSync(root, 4096);
    expect(check()).toMatchObject([{ severity: 'error', cause: expect.stringContaining('is truncated') }]);
  });

  test('a partition, and an image beside the root', () => {
    make(data, 64 * MiB);
    sfdisk(data, 'start=2048, size=100000');
    execFileSync('/usr/sbin/mkfs.ext4', ['-q', '-F', '-E', 'offset=1048576', data, '40M']);
    world.configure({ vm1: 'ubd0 = /disks/root.dsk\nubd1 = /disks/data.dsk' });
    expect(check()).toEqual([]);
    truncateSync(data, 20 * MiB);
    expect(check()).toMatchObject([{ severity: 'warning', key: 'ubd1' }]);
    world.configure({ vm1: 'ubd1 = /disks/data.dsk\nroot = ubdb1' });
    expect(check()).toMatchObject([{ severity: 'error', cause: expect.stringContaining('partition 1 of ') }]);
  });

  test('the backing file of a COW image', () => {
    const base = join(world.varDir, 'shared/disks/base.dsk');
    world.addSharedImage();
    copyFileSync(root, base);
    truncateSync(base, 20 * MiB);
    const cow = join(dirname(root), 'root.cow');
    writeCow(cow, '/shared/disks/base.dsk', base);
    chownSync(cow, vmUid, vmUid);
    world.configure({ vm1: 'ubd0 = /disks/root.cow' });
    expect(check()).toMatchObject([
      { severity: 'error', key: 'ubd0', cause: expect.stringContaining(`${base} is truncated`) },
    ]);
  });
});

describe('partitions', () => {
  const filled = (label: string) => {
    make(root, 64 * MiB);
    sfdisk(root, `label: ${label}`, 'start=2048, size=8192', 'start=16384, size=102400');
    execFileSync('/usr/sbin/mkfs.ext4', ['-q', '-F', '-E', `offset=${16384 * 512}`, root, '40M']);
  };

  test.each(['dos', 'gpt'])('%s, and the root is the whole disk', (label) => {
    filled(label);
    expect(check()).toMatchObject([
      {
        severity: 'error',
        cause: expect.stringMatching(/has partitions \((?:mbr|gpt)\): 1, 2 \(ext4\); root = ubda is/),
        hint: 'set root = ubda2',
      },
    ]);
    // The hint is right.
    world.configure({ vm1: 'ubd0 = /disks/root.dsk\nroot = ubda2' });
    expect(check()).toEqual([]);
    world.configure({ vm1: 'ubd0 = /disks/root.dsk\nroot = ubda5' });
    expect(check()).toMatchObject([{ severity: 'error', hint: 'set root = ubda2' }]);
  });

  test('a boot sector that only looks like a table, and a table that is damaged, are warnings', () => {
    make(root, 32 * MiB, Buffer.from('8000000083000000' + '0008000000100000', 'hex'), 446);
    const fd = openSync(root, 'r+');
    writeSync(fd, Buffer.from([0x55, 0xaa]), 0, undefined, 510);
    closeSync(fd);
    expect(check()).toMatchObject([{ severity: 'warning', code: 'IMAGE_CONTENT' }]);
  });

  test('none, and the root is one', () => {
    world.configure({ vm1: 'ubd0 = /disks/root.dsk\nroot = ubda1' });
    expect(check()).toMatchObject([
      { severity: 'error', cause: expect.stringContaining('without partitions'), hint: 'set root = ubda' },
    ]);
  });
});

test('a blank root is refused, blank data is usual', () => {
  world.configure({ vm1: 'ubd0 = /disks/root.dsk\nubd1 = /disks/data.dsk' });
  make(data, MiB);
  expect(check()).toEqual([]);
  make(root, 32 * MiB);
  expect(check()).toMatchObject([
    { severity: 'error', key: 'ubd0', cause: `${root} is blank: it has no root file system` },
  ]);
});

test('what is not known is a warning with the facts, and so is all where something else finds the root', () => {
  make(root, MiB, 'something new');
  expect(check()).toMatchObject([
    { severity: 'warning', code: 'IMAGE_CONTENT', cause: expect.stringContaining('736f6d657468696e') },
  ]);
  make(root, MiB, 'QFI\xfb\0\0\0\x03');
  world.configure({ vm1: 'ubd0 = /disks/root.dsk\nappend = initrd=/shared/kernels/initrd' });
  expect(check()).toMatchObject([{ severity: 'warning' }]);
});

test('of an image that the user of the VM may not read, only that is reported', () => {
  make(root, MiB, 'QFI\xfb\0\0\0\x03');
  chownSync(root, 0, 0);
  expect(check()).toMatchObject([{ code: 'IMAGE_ACCESS' }]);
});
