/** File systems of the host that are mounted noexec, nodev, nosuid: real VMs and runs on them, in a mount namespace. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { NetNamespace } from '../helpers/host/net-namespace.ts';
import { program, World } from '../helpers/programs/world.ts';

const root = join(import.meta.dirname, '../..');
const worlds: World[] = [];
const directories: string[] = [];

afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

/** A world with what is mounted so in the namespace of its programs: directory → options. */
function mounted(mounts: (world: World) => Readonly<Record<string, string>>, within: string[] = []): World {
  // The script has the world's name, and stands before it knows the world.
  const script = `/tmp/umlmon-mounts-${process.pid}-${worlds.length}`;
  directories.push(script);
  const world = new World([...within, 'unshare', '--mount', 'sh', script]);
  worlds.push(world);
  const lines = Object.entries(mounts(world)).map(
    ([directory, options]) =>
      `mkdir -p ${directory}; mount --bind ${directory} ${directory}; mount -o remount,bind,${options} ${directory}`,
  );
  writeFileSync(script, ['set -e', ...lines, 'exec "$@"'].join('\n'));
  return world;
}

function umlrun(world: World, ...args: string[]) {
  const script = `/tmp/umlmon-mounts-${process.pid}-${worlds.indexOf(world)}`;
  const words = ['--mount', 'sh', script, program('umlrun'), '-config', world.configPath, ...args];
  return spawnSync('unshare', words, { encoding: 'utf8', timeout: 60_000, input: '' });
}

const hardened = 'noexec,nosuid,nodev';
// The checkout may be in one of them.
const everyTemporary = {
  '/tmp': hardened,
  '/var/tmp': hardened,
  '/run': hardened,
  '/dev/shm': hardened,
  [root]: 'exec',
};
const section = 'mem = 64M\nubd0 = /disks/root.dsk';

test.each([
  ['RUNDIR', (world: World) => ({ [world.runDir]: hardened })],
  ['RUNDIR and VARDIR', (world: World) => ({ [world.runDir]: hardened, [world.varDir]: hardened })],
  ['all above them', (world: World) => ({ [world.home]: hardened })],
  ['/tmp, /var/tmp, /run and /dev/shm', () => everyTemporary],
])('a VM and umlrun work where %s cannot be executed from', async (_, mounts) => {
  const world = mounted(mounts);
  world.configure({ vm1: section });
  world.addImage('vm1');
  world.addSharedImage();
  expect(world.run('umlmon', ['-check'])).toMatchObject({ status: 0 });
  await world.startMonitor('vm1');
  expect(world.run('umlwatch', ['vm1', '-start'])).toMatchObject({
    status: 0,
  });
  expect(world.run('umlwatch', ['vm1', '-run', 'echo yes'])).toMatchObject({ status: 0, stdout: 'yes\n' });
  expect(umlrun(world, '--', 'echo', 'hi')).toMatchObject({ status: 0, stdout: 'hi\n' });
  expect(umlrun(world, '-root', '/', '--', '/bin/echo', 'hi')).toMatchObject({ status: 0, stdout: 'hi\n' });
});

test('the same with the root launcher, which makes no user namespaces', async () => {
  const world = mounted(({ home }) => ({ [home]: hardened }));
  world.configure({ vm1: section }, 'userns = off');
  world.addImage('vm1');
  world.addSharedImage();
  await world.startMonitor('vm1');
  expect(world.run('umlwatch', ['vm1', '-start'])).toMatchObject({
    status: 0,
  });
  expect(umlrun(world, '--', 'echo', 'hi')).toMatchObject({ status: 0, stdout: 'hi\n' });
});

test('a copied kernel counts as memory, and doctor reports that', () => {
  const world = mounted(({ varDir }) => ({ [varDir]: hardened }));
  world.configure({ vm1: section });
  world.addImage('vm1');
  const { stdout } = world.run('umladmin', ['doctor']);
  expect(stdout).toMatch(new RegExp(`kernel: .*${world.varDir} is mounted noexec: each start copies`));
});

test('a tap in a VARDIR without devices is that of the host', async () => {
  const namespace = new NetNamespace();
  try {
    const device = 'mount -t tmpfs none /dev/net; mknod -m 666 /dev/net/tun c 10 200; exec "$@"';
    const within = ['ip', 'netns', 'exec', namespace.name, 'unshare', '--mount', 'sh', '-c', device, 'sh'];
    const world = mounted(({ home }) => ({ [home]: hardened }), within);
    const eth0 = 'host_to_host(proxy_if=p0, proxy_addr=10.9.0.1, guest_addr=10.9.0.2)';
    world.configure({ vm1: `${section}\neth0 = ${eth0}` });
    world.addImage('vm1');
    await world.startMonitor('vm1');
    const started = world.run('umlwatch', ['vm1', '-start']);
    expect(started).toMatchObject({ status: 0 });
    expect(world.run('umlwatch', ['vm1', '-run', 'ip link show vec0 || ip link show eth0'])).toMatchObject({
      status: 0,
    });
  } finally {
    namespace.close();
  }
});

test('a tap is refused where neither VARDIR nor the host has a device for the VM', () => {
  const namespace = new NetNamespace();
  try {
    const device = 'mount -t tmpfs none /dev/net; mknod -m 600 /dev/net/tun c 10 200; exec "$@"';
    const within = ['ip', 'netns', 'exec', namespace.name, 'unshare', '--mount', 'sh', '-c', device, 'sh'];
    const world = mounted(({ home }) => ({ [home]: hardened }), within);
    const eth0 = 'host_to_host(proxy_if=p0, proxy_addr=10.9.0.1, guest_addr=10.9.0.2)';
    world.configure({ vm1: `${section}\neth0 = ${eth0}` });
    world.addImage('vm1');
    const { status, stderr } = world.run('umlmon', ['-check']);
    expect(status).toBe(3);
    expect(stderr).toContain(`cannot have its own: ${world.home} is mounted`);
    expect(stderr).toContain(`mount -o remount,dev ${world.home}, or set the usual permissions`);
  } finally {
    namespace.close();
  }
});

test('a device in a VARDIR without devices is refused', () => {
  const world = mounted(({ home }) => ({ [home]: hardened }));
  world.configure({ vm1: 'mem = 64M\nubd0 = /disks/root.dev' });
  world.addImage('vm1', 'other.dsk');
  const node = join(world.varDir, 'vm1/jail/disks/root.dev');
  execFileSync('mknod', [node, 'b', '7', '250']);
  const { status, stderr } = world.run('umlmon', ['-check']);
  expect(status).toBe(3);
  expect(stderr).toContain(`ubd0: the kernel cannot open a device there: ${world.home} is mounted nodev`);
  expect(stderr).toContain(`mount -o remount,dev ${world.home}, or create the node`);
});

test('a hook that cannot be run is refused', () => {
  const world = mounted(({ home }) => ({ [join(home, 'hooks')]: 'noexec' }));
  const hook = join(world.home, 'hooks/hook');
  mkdirSync(join(world.home, 'hooks'));
  writeFileSync(hook, '#!/bin/sh\n', { mode: 0o755 });
  world.configure({ vm1: `${section}\nhook = ${hook}` });
  world.addImage('vm1');
  const { status, stderr } = world.run('umlmon', ['-check']);
  expect(status).toBe(3);
  expect(stderr).toContain(`hook: it cannot be run: ${hook} is on a file system that is mounted noexec`);
});

test('a read-only mount that must be writable is named', () => {
  const world = mounted(({ home, varDir }) => ({
    [home]: 'ro',
    [varDir]: 'rw',
    [join(varDir, 'vm1/jail/disks')]: 'ro',
  }));
  world.configure({ vm1: section });
  world.addImage('vm1');
  // The script makes directories, which it cannot make later.
  mkdirSync(world.runDir);
  const { status, stderr } = world.run('umlmon', ['-check']);
  expect(status).toBe(3);
  expect(stderr).toContain(
    `rundir: the monitor writes there, but ${world.home} is mounted read-only (hint: mount -o remount,rw ${world.home}, or set rundir to another directory)`,
  );
  expect(stderr).toMatch(
    /ubd0: the VM writes to it, but .*disks is mounted read-only .*or add ro to the disk\)/,
  );
  expect(stderr).not.toContain('vardir:');
});

test('umlrun names a -root and a -share from which nothing can be executed', () => {
  const world = mounted(({ home }) => ({ [join(home, 'given')]: 'noexec' }));
  world.configure({});
  world.addSharedImage();
  const given = join(world.home, 'given');
  mkdirSync(given);
  writeFileSync(join(given, 'tool'), '#!/bin/sh\necho tool\n', { mode: 0o755 });
  expect(umlrun(world, '-root', given, '--', 'true')).toMatchObject({
    status: 125,
    stderr: `umlrun: -root ${given}: its programs cannot be executed: ${given} is mounted noexec (hint: mount -o remount,exec ${given}, or move the directory to another file system)\n`,
  });
  const shared = umlrun(world, '-share', `${given}:ro`, '--', join(given, 'tool'));
  expect(shared.status).toBe(126);
  expect(shared.stderr).toContain(
    `programs in -share ${given} cannot be executed: ${given} is mounted noexec`,
  );
});

test('programs on a file system where addons cannot be loaded report it', () => {
  const home = execFileSync('mktemp', ['-d'], { encoding: 'utf8' }).trim();
  directories.push(home);
  execFileSync('cp', ['-r', '--dereference', join(root, 'dist'), join(home, 'dist')]);
  symlinkSync(join(root, 'node_modules'), join(home, 'none'));
  execFileSync('cp', ['-r', join(root, 'node_modules/@koromix'), join(home, 'koromix')]);
  mkdirSync(join(home, 'node_modules'));
  execFileSync('mv', [join(home, 'koromix'), join(home, 'node_modules/@koromix')]);
  const world = new World();
  worlds.push(world);
  world.configure({ vm1: section });
  world.addImage('vm1');
  const script = `mount --bind ${home} ${home}; mount -o remount,bind,noexec ${home}; exec "$@"`;
  const words = ['--mount', 'sh', '-c', script, 'sh', process.execPath, join(home, 'dist/umlmon.cjs')];
  const ran = spawnSync('unshare', [...words, '-config', world.configPath, '-check'], { encoding: 'utf8' });
  expect(`${ran.stdout}${ran.stderr}`).toMatch(/an addon of umlmon cannot be loaded: .*noexec/s);
});
