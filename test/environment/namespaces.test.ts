/** Hosts that restrict namespaces: as containers and AppArmor do, by a filter; by settings; by a masked /proc. */
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { program, World } from '../helpers/programs/world.ts';

const filter = `/tmp/umlmon-filter-${process.pid}`;
const uid = 61_234;
let world: World | undefined;

beforeEach(() => writeFileSync(filter, withoutUserNamespaces()));

afterEach(async () => {
  await world?.close();
  world = undefined;
  rmSync(filter, { force: true });
});

/** A filter as that of docker: unshare(2) and clone(2) with CLONE_NEWUSER fail with EPERM (or another), clone3(2) with ENOSYS. */
function withoutUserNamespaces(errno: number = constants.errno.EPERM): Buffer {
  const [load, equal, set, end] = [0x20, 0x15, 0x45, 0x06];
  const [CLONE_NEWUSER, ALLOW, FAIL, ENOSYS] = [0x1000_0000, 0x7fff_0000, 0x5_0000 + errno, 0x5_0026];
  const program: [code: number, yes: number, no: number, value: number][] = [
    [load, 0, 0, 0],
    [equal, 5, 0, 435],
    [equal, 1, 0, 56],
    [equal, 0, 2, 272],
    [load, 0, 0, 16],
    [set, 2, 0, CLONE_NEWUSER],
    [end, 0, 0, ALLOW],
    [end, 0, 0, ENOSYS],
    [end, 0, 0, FAIL],
  ];
  return Buffer.concat(
    program.map(([code, yes, no, value]) => {
      const bytes = Buffer.alloc(8);
      bytes.writeUInt16LE(code, 0);
      bytes.writeUInt8(yes, 2);
      bytes.writeUInt8(no, 3);
      bytes.writeUInt32LE(value, 4);
      return bytes;
    }),
  );
}

/** What stands before a program that is to run under the filter, with all rights of root but that one. */
const filtered = [
  ...['sh', '-c', 'exec bwrap --dev-bind / / --cap-add ALL --seccomp 9 -- "$@" 9<"$0"', filter],
];

const section = 'mem = 64M\nubd0 = /disks/root.dsk';

test('root makes jails without user namespaces where a filter forbids them', async () => {
  world = new World(filtered);
  world.configure({ vm1: section });
  world.addImage('vm1');
  world.addSharedImage();
  await world.startMonitor('vm1');
  expect(world.run('umlwatch', ['vm1', '-start'])).toMatchObject({ status: 0 });
  expect(world.run('umlwatch', ['vm1', '-run', 'echo yes'])).toMatchObject({ status: 0, stdout: 'yes\n' });
  const [command = '', ...words] = [...filtered, program('umlrun'), '-config', world.configPath];
  const ran = spawnSync(command, [...words, '--', 'echo', 'hi'], { encoding: 'utf8', timeout: 60_000 });
  expect(ran).toMatchObject({ status: 0, stdout: 'hi\n' });
  expect(world.run('umladmin', ['doctor']).stdout).toMatch(
    /good +user namespaces: a system call filter.*confines this process.*; VMs of root do not need them/,
  );
  // What stands before the monitor takes the signals.
  expect(world.run('umladmin', ['stop', 'vm1'])).toMatchObject({ status: 0 });
});

test.each(['EAGAIN', 'ENOMEM', 'ENOSPC'] as const)(
  'root is not taken for a jail after %s, which passes',
  (name) => {
    writeFileSync(filter, withoutUserNamespaces(constants.errno[name]));
    world = new World(filtered);
    world.configure({ vm1: section });
    world.addImage('vm1');
    expect(world.run('umladmin', ['doctor']).stdout).toMatch(
      /warning +user namespaces: a test jail failed, perhaps temporarily: bwrap: /,
    );
    expect(world.run('umlmon', ['-plan', 'vm1']).stdout).toContain('--unshare-user');
  },
);

test('doctor, -check and umlrun of a user name what forbids a jail, and the remedy', () => {
  const become = ['setpriv', '--reuid', `${uid}`, '--regid', `${uid}`, '--clear-groups', '--'];
  world = new World([...filtered, ...become]);
  world.configure({ vm1: 'vmuser =\nmem = 64M\nubd0 = /disks/root.dsk ro' });
  world.addImage('vm1', 'root.dsk', uid);
  world.addSharedImage(uid);
  spawnSync('chown', ['-R', `${uid}:${uid}`, world.home]);
  const said = /a system call filter.*confines this process.*bwrap: .*seccomp=unconfined/s;
  expect(world.run('umladmin', ['doctor'])).toMatchObject({ status: 2, stdout: expect.stringMatching(said) });
  expect(world.run('umlmon', ['-check']).stderr).toMatch(said);
  const [command = '', ...words] = [...filtered, ...become, program('umlrun'), '-config', world.configPath];
  const ran = spawnSync(command, [...words, '--', 'true'], { encoding: 'utf8', timeout: 60_000 });
  expect(ran).toMatchObject({ status: 125, stderr: expect.stringMatching(said) });
});

test('a setting of the host is named with the command that changes it', () => {
  // The setting is one of each user namespace.
  const script = 'echo 0 >/proc/sys/user/max_net_namespaces; exec "$@"';
  world = new World(['unshare', '--user', '--map-root-user', 'sh', '-c', script, 'sh']);
  world.configure({ vm1: section });
  expect(world.run('umladmin', ['doctor']).stdout).toMatch(
    /user namespaces: user\.max_net_namespaces is 0.*\n +→ as root of the host: echo user\.max_net_namespaces=10000 >>/,
  );
});

test('a /proc of which parts are covered is named: the tools of e2fsprogs cannot be confined then', () => {
  // As containers do; then a user namespace gets no other one.
  const script = `mount --bind /dev/null /proc/interrupts; exec setpriv --reuid ${uid} --regid ${uid} --clear-groups -- "$@"`;
  world = new World(['unshare', '--mount', 'sh', '-c', script, 'sh']);
  world.configure({ vm1: 'vmuser =\nmem = 64M\nubd0 = /disks/root.dsk' });
  expect(world.run('umladmin', ['doctor']).stdout).toMatch(
    /warning +file system tools: no jail can have a \/proc of its own.*\n +→ .*systempaths=unconfined/,
  );
});
