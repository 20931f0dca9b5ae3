import '../../helpers/tiers/needs-host.ts';
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, linkSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nameFor, nameOfHostPath, nameText } from '../../../src/disk/names/image-name.ts';
import { lookAtImage, openImage } from '../../../src/disk/names/open-image.ts';
import { UmlmonError } from '../../../src/system/errors/errors.ts';
import { TestStore } from '../store/store.ts';

let store: TestStore;
const image = { vm: 'vm1', path: '/disks/a.dsk' };
const deep = { vm: 'vm1', path: '/disks/in/here/a.dsk' };

beforeEach(() => {
  store = new TestStore();
});

afterEach(() => store.close());

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof UmlmonError) return error.code;
    throw error;
  }
  return 'none';
}

const both = (name = image) => [
  codeOf(() => lookAtImage(name, store)),
  codeOf(() => closeSync(openImage(name, store, 'ro').fd)),
];

test('an image has the same identity by all of its names', () => {
  const path = store.add(image, 8192);
  const other = { vm: '', path: '/shared/disks/b.dsk' };
  mkdirSync(join(store.shared, 'disks'), { recursive: true });
  linkSync(path, join(store.shared, 'disks/b.dsk'));
  const { fd, facts } = openImage(image, store, 'rw');
  closeSync(fd);
  expect(facts).toMatchObject({ kind: 'file', size: 8192, hostPath: path });
  expect(lookAtImage(other, store).id).toBe(facts.id);
  store.add(deep);
  expect(lookAtImage(deep, store).id).not.toBe(facts.id);
});

const outside = () => {
  const path = join(store.home, 'elsewhere/a.dsk');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, 'x'.repeat(512));
  return path;
};

test.each<[string, () => void, string]>([
  ['nothing', () => undefined, 'IMAGE_MISSING'],
  [
    'a link to a file outside',
    () => {
      store.add(image);
      renameSync(join(store.varDir, 'vm1/jail/disks/a.dsk'), join(store.home, 'a.dsk'));
      symlinkSync(join(store.home, 'a.dsk'), join(store.varDir, 'vm1/jail/disks/a.dsk'));
    },
    'IMAGE_OUTSIDE',
  ],
  [
    'a link to another image in place',
    () => {
      store.add({ vm: 'vm1', path: '/disks/b.dsk' });
      symlinkSync('b.dsk', join(store.varDir, 'vm1/jail/disks/a.dsk'));
    },
    'IMAGE_LINK',
  ],
  [
    'a link to nothing',
    () => {
      mkdirSync(join(store.varDir, 'vm1/jail/disks'), { recursive: true });
      symlinkSync('nowhere', join(store.varDir, 'vm1/jail/disks/a.dsk'));
    },
    'IMAGE_LINK',
  ],
  [
    'a link to itself',
    () => {
      mkdirSync(join(store.varDir, 'vm1/jail/disks'), { recursive: true });
      symlinkSync('a.dsk', join(store.varDir, 'vm1/jail/disks/a.dsk'));
    },
    'IMAGE_LINK',
  ],
])('%s in the place of an image', (_, make, code) => {
  make();
  expect(both()).toEqual([code, code]);
});

test.each(['in', 'in/here'])('a directory %s that is a link to outside', (link) => {
  const far = dirname(outside());
  mkdirSync(join(far, 'here'), { recursive: true });
  writeFileSync(join(far, 'here/a.dsk'), 'y');
  const path = join(store.varDir, 'vm1/jail/disks', link);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(far, path);
  expect(both(deep)).toEqual(['IMAGE_OUTSIDE', 'IMAGE_OUTSIDE']);
});

test('no name leads out, however it is written', () => {
  outside();
  store.add(image);
  for (const path of ['/disks/../../../../elsewhere/a.dsk', '/disks/./a.dsk', '/disks//a.dsk', '/disks/'])
    expect(both({ vm: 'vm1', path })).toEqual(['IMAGE_OUTSIDE', 'IMAGE_OUTSIDE']);
});

test('a FIFO is refused, and not waited for', () => {
  const path = store.add(image);
  execFileSync('sh', ['-c', 'rm "$0" && mkfifo "$0"', path]);
  expect(lookAtImage(image, store).kind).toBe('other');
  expect(codeOf(() => openImage(image, store, 'ro'))).toBe('IMAGE_KIND');
});

test('a directory that is swapped for a link again and again leads nowhere else', async () => {
  store.add(deep);
  const far = join(store.home, 'far/here');
  mkdirSync(far, { recursive: true });
  writeFileSync(join(far, 'a.dsk'), 'not an image of this VM');
  const disks = join(store.varDir, 'vm1/jail/disks');
  symlinkSync(join(store.home, 'far'), join(disks, 'link'));
  const own = lookAtImage(deep, store).id;
  const { spawn } = await import('node:child_process');
  // mv --exchange is too new: three renames do.
  const script = 'while :; do mv in x; mv link in; mv in link; mv x in; done 2>/dev/null';
  const swapper = spawn('sh', ['-c', script], { cwd: disks, stdio: 'ignore' });
  try {
    const seen = new Set<string>();
    const until = Date.now() + 500;
    while (Date.now() < until) {
      try {
        const { fd, facts } = openImage(deep, store, 'ro');
        closeSync(fd);
        seen.add(facts.id === own ? 'own' : 'foreign');
      } catch (error) {
        seen.add(error instanceof UmlmonError ? error.code : String(error));
      }
    }
    expect([...seen]).not.toContain('foreign');
    expect([...seen]).toContain('own');
  } finally {
    swapper.kill('SIGKILL');
  }
});

test('names of images: to the host and back', () => {
  for (const [vm, path] of [
    ['vm1', '/disks/a.dsk'],
    ['vm1', '/disks/sub/b.cow'],
    ['', '/shared/disks/c.dev'],
  ] as const) {
    const name = nameFor(vm, path);
    expect(name).toEqual({ vm, path });
    const hostPath = vm
      ? join(store.varDir, vm, 'jail', path)
      : join(store.shared, path.slice('/shared/'.length));
    expect(nameOfHostPath(hostPath, store)).toEqual({ vm, path });
  }
  expect(nameFor('vm1', '/shared/disks/c.dsk')).toEqual({ vm: '', path: '/shared/disks/c.dsk' });
  for (const path of ['/disks/a.img', '/etc/a.dsk', '/disks/../a.dsk', 'a.dsk', '/disks/a,b.dsk'])
    expect(nameFor('vm1', path)).toBeUndefined();
  for (const path of ['/etc/a.dsk', join(store.varDir, 'vm1/log/a.dsk'), join(store.varDir, '../a.dsk'), ''])
    expect(nameOfHostPath(path, store)).toBeUndefined();
  expect(nameText({ vm: 'vm1', path: '/disks/a.dsk' })).toBe('vm1:/disks/a.dsk');
});

test('block devices: all nodes of a device are one image, and a device that the host has mounted is refused', () => {
  const file = store.add({ vm: '', path: '/shared/disks/fs.dsk' }, 1024 * 1024);
  const loop = execFileSync('losetup', ['--find', '--show', file], { encoding: 'utf8' }).trim();
  const mount = join(store.home, 'mnt');
  try {
    const numbers = execFileSync('stat', ['-c', '%Hr %Lr', loop], { encoding: 'utf8' }).trim().split(' ');
    const names = ['vm1', 'vm2'].map((vm) => ({ vm, path: '/disks/x.dev' }));
    for (const { vm } of names) {
      mkdirSync(join(store.varDir, vm, 'jail/disks'), { recursive: true });
      execFileSync('mknod', [join(store.varDir, vm, 'jail/disks/x.dev'), 'b', ...numbers]);
    }
    const facts = names.map((name) => lookAtImage(name, store));
    expect(facts[0]).toMatchObject({ kind: 'block', size: 1024 * 1024, id: `b${numbers.join(':')}` });
    expect(facts[1]?.id).toBe(facts[0]?.id);

    execFileSync('mke2fs', ['-q', '-F', loop]);
    mkdirSync(mount);
    const opened = openImage(names[0] ?? image, store, 'rw');
    expect(() => execFileSync('mount', [loop, mount], { stdio: 'ignore' })).toThrow();
    expect(codeOf(() => openImage(names[1] ?? image, store, 'rw'))).toBe('IMAGE_IN_USE');
    closeSync(opened.fd);
    execFileSync('mount', [loop, mount]);
    expect(existsSync(join(mount, 'lost+found'))).toBe(true);
    expect(codeOf(() => openImage(names[0] ?? image, store, 'rw'))).toBe('IMAGE_IN_USE');
    execFileSync('umount', [mount]);
  } finally {
    execFileSync('losetup', ['-d', loop]);
  }
});
