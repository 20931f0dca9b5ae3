/**
 * The rights of a tool that reads a guest's file system. A stand-in for e2fsck(8), in its own mount namespace, reports what
 * it sees when the disk commands of umlmon run it. It exits with an error, so that each caller prints its output.
 */
import '../../helpers/tiers/needs-host.ts';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { DiskCommand } from '../../../src/disk/commands/command-types.ts';
import { type ImageName, imagePathOnHost } from '../../../src/disk/names/image-name.ts';
import { childrenOf, programNameOf } from '../../../src/system/native/process.ts';
import { TestStore } from '../store/store.ts';

const root = join(import.meta.dirname, '../../..');
const MiB = 1024 ** 2;
/** A program that is not needed here, where bubblewrap itself is while something stands in its place. */
const bwrapElsewhere = '/usr/bin/uml_switch';
const [nobody, vmUser] = [65_534, 61_237];
/** The program itself, which the stand-in covers, under the name of another. */
const real = 'exec /usr/sbin/e2freefrag "$@"';
const own = (file: string): ImageName => ({ vm: 'vm1', path: `/disks/${file}` });

let child: string;
let store: TestStore;
const place = (name: ImageName) => imagePathOnHost(name, store);

beforeAll(() => {
  child = join(root, 'dist/test/tool-child.mjs');
  const options = ['--bundle', '--platform=node', '--target=node20', '--format=esm', '--external:koffi'];
  execFileSync(join(root, 'node_modules/.bin/esbuild'), [
    join(root, 'test/disk/content/tool-child.ts'),
    ...[`--outfile=${child}`, ...options, '--define:__filename=import.meta.filename', '--log-level=warning'],
  ]);
});
beforeEach(() => {
  store = new TestStore();
  execFileSync('chmod', ['755', store.home]);
});
afterEach(() => store.close());

/** Command that runs the child with `script` in the place of e2fsck, as a user. */
function command(script: string, job: object, user = 0): string[] {
  const fake = join(store.home, 'fake-e2fsck');
  writeFileSync(fake, `#!/bin/sh\n${script}`, { mode: 0o755 });
  const refusing = join(store.home, 'bwrap');
  const refuse = 'echo "bwrap: No permissions to create new namespace" >&2; exit 1';
  const only = 'forbidden' in job && job.forbidden === 'all' ? '*' : '*" --unshare-user "*';
  const wrapper = `#!/bin/sh\ncase " $* " in ${only}) ${refuse};; esac\nexec ${bwrapElsewhere} "$@"\n`;
  if ('forbidden' in job) writeFileSync(refusing, wrapper, { mode: 0o755 });
  const broken =
    'forbidden' in job
      ? `mount --bind /usr/bin/bwrap ${bwrapElsewhere}; mount --bind ${refusing} /usr/bin/bwrap; `
      : '';
  const as = user === 0 ? [] : ['setpriv', '--reuid', `${user}`, '--regid', `${user}`, '--clear-groups'];
  return [
    ...['unshare', '-m', '--propagation', 'private', 'sh', '-ec'],
    ...[
      `mount --bind /usr/sbin/e2fsck /usr/sbin/e2freefrag; mount --bind "$1" /usr/sbin/e2fsck; ${broken}shift; exec "$@"`,
      'sh',
      fake,
    ],
    ...[...as, process.execPath, child, JSON.stringify(job)],
  ];
}

function run(script: string, job: object, user = 0): { code?: string; cause?: string; hint?: string } {
  const [program = '', ...args] = command(script, job, user);
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', cwd: root, timeout: 60_000 });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout);
}

const verb = (request: DiskCommand) => ({
  request,
  host: { store: { ...store }, by: '@test.1', owner: { uid: vmUser, gid: vmUser, mode: 0o600 } },
});

/** Starts nothing: other processes of its user, whom the host may have many of, would count for its limit. */
const witness = `exec perl -e '
sub slurp { open my $file, "<", $_[0] or return ""; local $/; <$file> }
sub limit { (slurp("/proc/self/limits") =~ /^Max $_[0] +(\\S+)/m)[0] }
my $status = slurp("/proc/self/status");
my %caps = map { $_ => 1 } $status =~ /^Cap\\w+:\\t(\\w+)/mg;
sub names { my ($at) = @_; opendir my $dir, $at or return (); sort grep { !/^\\.\\.?$/ } readdir $dir }
my %names;
$names{slurp("/proc/$_/comm")} = 1 for grep { /^\\d+$/ } names("/proc");
print "\\nuser=$> $)\\n";
print "capabilities=", join(" ", keys %caps), "\\n";
print "privileges=", $status =~ /^NoNewPrivs:\\t(\\d)/m, "\\n";
print "interfaces=", scalar(() = slurp("/proc/net/dev") =~ /:/g), "\\n";
print "root=", join(" ", names("/")), "\\n";
print "files=", join(" ", map { my $at = $_; map { "$at/$_" } names($at) } qw(/dev /etc /home /root /tmp /var /run /sys)), "\\n";
print "processes=", join(" ", sort map { s/\\n//r } keys %names), "\\n";
print "written=", join(" ", grep { open my $file, ">", $_ } qw(/x /dev/x /usr/x /proc/x)), "\\n";
my @open = names("/proc/self/fd");
print "descriptors=", join(" ", grep { readlink("/proc/self/fd/$_") } @open), "\\n";
print "memory=", limit("address space"), "\\n";
print "written size=", limit("file size"), "\\n";
print "processor=", limit("cpu time"), "\\n";
print "core=", limit("core file size"), "\\n";
print "more processes=", limit("processes"), "\\n";
print "namespaces=", join(" ", map { readlink "/proc/self/ns/$_" } qw(user net pid mnt ipc uts)), "\\n";
print "writes=", (open(my $image, "+<", "/proc/self/fd/3") ? "yes" : "no"), "\\n";
exit 8;
'`;

/** The output of the stand-in. */
function factsIn(cause = ''): Record<string, string> {
  const lines = cause.split(/\n|; /).filter((line) => line.includes('='));
  return Object.fromEntries(lines.map((line) => line.replace(/^.*: /, '').split(/=(.*)/s)));
}

/** Everything that is the same whoever owns the image; returns the rest. */
function expectConfined(
  cause: string | undefined,
  size: number,
  rootLaunched = false,
): Record<string, string> {
  const {
    namespaces = '',
    user = '',
    descriptors = '',
    writes = '',
    'more processes': processes = '',
    ...facts
  } = factsIn(cause);
  expect(facts, cause).toEqual({
    capabilities: '0000000000000000',
    privileges: '1',
    interfaces: '1',
    root: 'bin dev lib lib64 proc sbin usr',
    files: '/dev/null',
    processes: expect.stringMatching(/^(?:bwrap perl|e2fsck uml_switch|perl uml_switch|bwrap e2fsck)$/),
    written: '',
    memory: `${512 * MiB + size / 1024}`,
    'written size': `${size}`,
    processor: '3600',
    core: '1',
  });
  expect(descriptors).toBe('0 1 2 3');
  expect(Number(processes)).toBeLessThan(5000);
  const ours = ['user', 'net', 'pid', 'mnt', 'ipc', 'uts'].map((name) =>
    readlinkSync(`/proc/self/ns/${name}`),
  );
  const theirs = namespaces.trim().split(' ');
  expect(theirs).toHaveLength(6);
  expect(theirs.filter((name) => ours.includes(name))).toEqual(rootLaunched ? [ours[0]] : []);
  return { user, writes };
}

describe('a tool is an unprivileged user without network, files, neighbours, and with limits:', () => {
  const image = own('root.dsk');
  const make = (owner: number, mode = 0o600, group = owner) => {
    mkdirSync(dirname(place(image)), { recursive: true });
    execFileSync('mke2fs', ['-q', '-F', '-b', '4096', place(image), '16M'], { env: { PATH: '/usr/sbin' } });
    chownSync(place(image), owner, group);
    chmodSync(place(image), mode);
  };

  test.each([
    ['of root', 0, 0, 0o600, `${nobody}`, 'yes'],
    ['of root, which others may read', 0, 0, 0o644, `${nobody}`, 'no'],
    ['of the user of a VM', vmUser, vmUser, 0o600, `${vmUser}`, 'yes'],
    ['of the user of a VM, which others may read', vmUser, vmUser, 0o644, `${nobody}`, 'no'],
    ['that its owner may not read', vmUser, vmUser, 0o000, `${nobody}`, 'yes'],
    ['of the group of root', vmUser, 0, 0o660, `${vmUser} ${nobody}`, 'yes'],
  ])('check of an image %s', (_, owner, group, mode, as, writes) => {
    make(owner, mode, group);
    const before = readFileSync(place(image));
    const { code, cause } = run(witness, verb({ verb: 'check', image }));
    expect(code).toBe('HOST_COMMAND');
    const user = as.includes(' ') ? as : `${as} ${as}`;
    expect(expectConfined(cause, 16 * MiB)).toEqual({ user, writes });
    expect(statSync(place(image))).toMatchObject({ uid: owner, gid: group, mode: 0o100000 | mode });
    expect(readFileSync(place(image)).equals(before)).toBe(true);
    // The real one finds nothing wrong, which it does only in a file that it can read.
    expect(run(real, verb({ verb: 'check', image }))).toMatchObject({ bytes: 16 * MiB });
  });

  test.each([0, vmUser])('resize of an image of user %i with its file system', (owner) => {
    make(owner);
    const before = statSync(place(image));
    const resize = verb({ verb: 'resize', image, size: 32 * MiB, filesystem: true });
    const { code, cause } = run(witness, resize);
    expect(code).toBe('IMAGE_DAMAGED');
    expect(expectConfined(cause, 32 * MiB)).toEqual({ user: `${nobody} ${nobody}`, writes: 'yes' });
    // The failed command left the image unchanged.
    const { ino, size, uid } = statSync(place(image));
    expect([ino, size, uid]).toEqual([before.ino, before.size, owner]);
    expect(run(real, resize)).toMatchObject({ bytes: 32 * MiB });
    expect(statSync(place(image))).toMatchObject({ size: 32 * MiB, uid: owner, mode: 0o100600 });
  });

  test('the check of a new image', () => {
    const { cause } = run(witness, verb({ verb: 'create', image, size: 16 * MiB, filesystem: 'ext4' }));
    expect(expectConfined(cause, 16 * MiB)).toMatchObject({ user: `${nobody} ${nobody}` });
  });

  test('check of a COW image', () => {
    make(0);
    const cow = own('a.cow');
    expect(run(real, verb({ verb: 'cow-create', image: cow, backing: image }))).not.toHaveProperty('code');
    const { cause } = run(witness, verb({ verb: 'check', image: cow }));
    expect(expectConfined(cause, 16 * MiB)).toMatchObject({ user: `${nobody} ${nobody}` });
    expect(run(real, verb({ verb: 'check', image: cow }))).toMatchObject({ bytes: 16 * MiB });
  });

  test('check of a block device, which it cannot write to', (context) => {
    make(0);
    const attached = spawnSync('losetup', ['-f', '--show', place(image)], { encoding: 'utf8' });
    if (attached.status !== 0) {
      console.error(`NOT TESTED, since this machine has no loop devices: ${attached.stderr}`);
      context.skip();
    }
    const loop = attached.stdout.trim();
    try {
      const device = own('loop.dev');
      execFileSync('mknod', ['-m', '600', place(device), 'b', '7', loop.replace('/dev/loop', '')]);
      const { cause } = run(witness, verb({ verb: 'check', image: device }));
      expect(expectConfined(cause, 16 * MiB)).toEqual({
        user: `${nobody} ${nobody}`,
        writes: 'no',
      });
      expect(run(real, verb({ verb: 'check', image: device }))).toMatchObject({ bytes: 16 * MiB });
      expect(readdirSync('/dev').filter((name) => name.startsWith('.umlmon-'))).toEqual([]);
    } finally {
      execFileSync('losetup', ['-d', loop]);
    }
  });

  test('without root, in a user namespace', () => {
    make(vmUser);
    for (const directory of [store.home, dirname(place(image))])
      execFileSync('chown', ['-R', `${vmUser}`, directory]);
    const { cause } = run(witness, verb({ verb: 'check', image }), vmUser);
    expect(expectConfined(cause, 16 * MiB)).toMatchObject({
      user: expect.stringContaining(`${vmUser}`),
    });
    expect(run(real, verb({ verb: 'check', image }), vmUser)).toMatchObject({ bytes: 16 * MiB });
  });
});

describe('a misbehaving tool is killed with all its processes:', () => {
  const file = () => store.add(own('a.dsk'), 64 * MiB);

  test.each([
    ['endless', 'while :; do :; done'],
    ['that ignores all signals and leaves children behind', 'trap "" TERM INT HUP; sleep 1000 & sleep 1000'],
    ['whose child has left its session', 'setsid sleep 1000 & wait'],
  ])('a tool %s, at its time limit or when cancelled', (_, script) => {
    const late = run(`sleep() { /usr/bin/sleep 86461; }\n${script}`, { file: file(), timeMs: 1000 });
    expect(late).toMatchObject({ code: 'HOST_COMMAND', cause: 'it did not finish within 1 seconds' });
    const cancelled = run(script, { file: file(), timeMs: 60_000, abortMs: 500 });
    expect(cancelled.cause).toContain('aborted');
    expect(spawnSync('pgrep', ['-f', store.home], { encoding: 'utf8' }).stdout).toBe('');
  });

  test('a tool whose umlmon is killed', async () => {
    const [program = '', ...args] = command('echo; while :; do :; done', { file: file(), timeMs: 60_000 });
    const running = spawn(program, args, { cwd: root, stdio: 'ignore' });
    const tool = () => childrenBelow(running.pid ?? 0).find((pid) => programNameOf(pid) === 'e2fsck');
    await expect.poll(tool, { timeout: 20_000 }).toBeGreaterThan(0);
    const pid = tool() ?? 0;
    running.kill('SIGKILL');
    await expect.poll(() => programNameOf(pid), { timeout: 20_000 }).not.toBe('e2fsck');
  });

  test('a tool that uses memory, at its limit', () => {
    const bomb = `exec perl -e 'my @all; push @all, "x" x 1048576 while 1'`;
    const started = performance.now();
    const result = run(bomb, { file: file(), timeMs: 60_000 }) as { status?: number; words?: string };
    expect(result.words).toContain('Out of memory');
    expect(result.status).not.toBe(0);
    expect(performance.now() - started).toBeLessThan(30_000);
  });

  test('a tool that starts or writes without limit', () => {
    const bomb = 'i=0; while [ $i -lt 5000 ]; do sleep 3 & i=$((i+1)); done; echo started $i; exit 0';
    const forks = run(bomb, { file: file(), timeMs: 60_000 }) as { status?: number; words?: string };
    expect(forks.words).toMatch(/Cannot fork|Resource temporarily unavailable/);
    const perl =
      'open F, "+<", "/proc/self/fd/3" or exit 1; seek F, 67108000, 0; print F "x" x 8192; close F or exit 2';
    const full = run(`exec perl -e '${perl}'`, { file: file(), timeMs: 60_000 }) as { status?: number };
    // 128 and SIGXFSZ, or EFBIG where that is ignored.
    expect([2, 153]).toContain(full.status);
    expect(statSync(place(own('a.dsk'))).size).toBe(64 * MiB);
  });
});

test('a host that forbids user namespaces: root creates the jail, and the tool runs as an unprivileged user', () => {
  const image = own('root.dsk');
  mkdirSync(dirname(place(image)), { recursive: true });
  execFileSync('mke2fs', ['-q', '-F', '-b', '4096', place(image), '16M'], { env: { PATH: '/usr/sbin' } });
  chmodSync(place(image), 0o600);
  const check = { ...verb({ verb: 'check', image }), forbidden: 'user' };
  const { cause } = run(witness, check);
  expect(expectConfined(cause, 16 * MiB, true)).toEqual({
    user: `${nobody} ${nobody}`,
    writes: 'yes',
  });
  expect(run(real, check)).toMatchObject({ bytes: 16 * MiB });
});

test('if the host cannot confine the tool, the tool does not run and the error reports it', () => {
  const file = store.add(own('a.dsk'), 64 * MiB);
  const result = run('echo ran', { file, timeMs: 1000, forbidden: 'all' });
  expect(result).toMatchObject({
    code: 'HOST_COMMAND',
    cause: expect.stringContaining('it cannot be confined'),
  });
  expect(result.hint).toContain('umladmin doctor');
});

/** All processes below one. */
function childrenBelow(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...childrenBelow(child)]);
}
