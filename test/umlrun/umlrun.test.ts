/** umlrun as a user runs it: real VMs, from nothing to nothing. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  closeSync,
  cpSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { lock } from '../../src/system/native/native.ts';
import { testKernelDirectory } from '../helpers/guest/kernel.ts';
import { nobody, program, testImage } from '../helpers/programs/world.ts';
import {
  expectNothingLeft,
  image,
  patienceMs,
  processes,
  said,
  start,
  umlrun,
  world,
} from './umlrun-world.ts';

test('prints hi and exits with 7; the image stays as it is', () => {
  const before = hash(readFileSync(image));
  const ran = umlrun(['--', 'sh', '-c', 'echo hi; echo no >&2; echo changed >/root/file; sync; exit 7']);
  expect(ran).toEqual({ status: 7, stdout: Buffer.from('hi\n'), stderr: 'no\n' });
  expect(hash(readFileSync(image))).toBe(before);
  expectNothingLeft();
});

test('a pipe through it arrives byte for byte', () => {
  const bytes = randomBytes(8 * 1024 ** 2 + 1234);
  const ran = umlrun(['--', 'sh', '-c', 'tee /dev/stderr'], bytes);
  expect(ran.status).toBe(0);
  expect(hash(ran.stdout)).toBe(hash(bytes));
});

test('arguments, environment and standard error are exact', () => {
  const all = Buffer.from(Array.from({ length: 127 }, (_, i) => i + 1)).toString();
  const args = [all, '', "it's", 'a\nb', '-x', 'ü€', '$HOME `id` \\'];
  const script = 'printf "%s\\0" "$X" "$UMLRUN_TEST" "$@" >&2';
  process.env.UMLRUN_TEST = 'passed on';
  const ran = umlrun(['-env', `X=${all}`, '-env', 'UMLRUN_TEST', '--', 'sh', '-c', script, 'sh', ...args]);
  expect(ran.stderr.split('\0')).toEqual([all, 'passed on', ...args, '']);
});

test('bytes that are no UTF-8 are passed on', () => {
  // A shell, as Node cannot pass them.
  const script = `"${program('umlrun')}" -config "${world.configPath}" -- printf %s "$(printf '\\377\\200x')"`;
  expect(execFileSync('sh', ['-c', script]).toString('latin1')).toBe('\xff\x80x');
});

test('exit statuses', () => {
  expect(umlrun(['--', 'sh', '-c', 'kill -9 $$']).status).toBe(137);
  expect(umlrun(['--', 'nosuch'])).toMatchObject({
    status: 127,
    stderr: 'umlrun: nosuch: No such file or directory\n',
  });
  expect(umlrun(['--', '/etc/passwd']).status).toBe(126);
  expect(umlrun([])).toMatchObject({ status: 2, stderr: expect.stringContaining('no command given') });
  expect(umlrun(['-image', '/nowhere/x.dsk', '--', 'true'])).toMatchObject({
    status: 125,
    stderr: expect.stringContaining('/nowhere/x.dsk: ENOENT: no such file or directory'),
  });
  const panic = umlrun(['--', 'sh', '-c', 'echo c >/proc/sysrq-trigger']);
  expect(panic.status).toBe(125);
  expect(panic.stderr).toContain('Kernel panic - not syncing: sysrq triggered crash');
  expectNothingLeft();
});

test('background processes of the command end with it, and their output arrives', () => {
  const ran = umlrun(['--', 'sh', '-c', 'sleep 1000 & setsid sleep 1000 & yes | head -c 300000']);
  expect(ran.status).toBe(0);
  expect(ran.stdout.length).toBe(300_000);
  expectNothingLeft();
});

test('readers and writers that end early', () => {
  const script = `"${program('umlrun')}" -config "${world.configPath}" -- yes | head -n 2`;
  expect(execFileSync('bash', ['-c', `${script}; echo "\${PIPESTATUS[0]}"`]).toString()).toBe('y\ny\n141\n');
  expect(umlrun(['--', 'head', '-c', '5'], randomBytes(3_000_000)).stdout.length).toBe(5);
});

test('shared directories, writable and not', () => {
  const [open, closed] = [join(world.home, 'open'), join(world.home, 'closed')];
  for (const path of [open, closed]) {
    mkdirSync(path);
    chownSync(path, nobody, nobody);
    writeFileSync(join(path, 'file'), 'text');
  }
  const script = `umask 0; cat file; pwd; echo new >new; echo no >${closed}/new`;
  const { status, stdout, stderr } = spawnSync(
    program('umlrun'),
    ['-config', world.configPath, '-share', open, '-share', `${closed}:ro`, '--', 'sh', '-c', script],
    { cwd: open, encoding: 'utf8' },
  );
  expect(stdout).toBe(`text${open}\n`);
  expect(stderr).toContain('Read-only file system');
  expect(status).not.toBe(0);
  expect(readFileSync(join(open, 'new'), 'utf8')).toBe('new\n');
  expect(execFileSync('stat', ['-c', '%a %u', join(open, 'new')]).toString()).toBe(`666 ${nobody}\n`);
  expect(readdirSync(closed)).toEqual(['file']);
});

test('in a share a guest has no set-id bits: EPERM, and all else as usual', () => {
  const open = join(world.home, 'open');
  mkdirSync(open);
  chownSync(open, nobody, nobody);
  writeFileSync(join(world.home, 'program'), '#!/bin/true\n', { mode: 0o755 });
  chmodSync(join(world.home, 'program'), 0o4755);
  const archive = execFileSync('tar', ['-c', '-C', world.home, 'program']);
  const script = [
    `cd ${open}`,
    'tar -x -p',
    'echo "tar $?"',
    'mkdir d; chmod 2775 d; echo "chmod $?"; chmod 1775 d; echo "chmod $?"',
    'touch f; chmod u+s f; echo "chmod $?"; mkfifo p; ln f g; mv g h; chmod 751 h; echo "chmod $?"',
  ].join('\n');
  const { stdout, stderr } = umlrun(['-share', open, '--', 'sh', '-c', script], archive);
  expect(stdout.toString()).toMatch(/^tar [01]\nchmod 1\nchmod 0\nchmod 1\nchmod 0\n$/);
  expect(stderr).toContain('Operation not permitted');
  const modes = execFileSync('sh', ['-c', 'stat -c "%n %a" *'], { cwd: open, encoding: 'utf8' });
  expect(modes).toMatch(/^d 1775\nf 751\nh 751\np 644\nprogram 7?[0-7]{2,3}\n$/);
  expect(readFileSync(join(open, 'program'), 'utf8')).toBe('#!/bin/true\n');
});

test('a directory as the root file system is not changed', () => {
  const root = join(world.home, 'root');
  for (const name of ['bin', 'dev', 'proc', 'sys', 'tmp', 'run'])
    mkdirSync(join(root, name), { recursive: true });
  cpSync('/bin/busybox', join(root, 'bin/busybox'), { dereference: true });
  writeFileSync(join(root, 'secret'), 'x', { mode: 0o600 });
  const script = 'b=/bin/busybox; $b ls /; echo x >/tmp/x && $b cat /tmp/x; $b cat /secret';
  const ran = umlrun(['-root', root, '--', '/bin/busybox', 'sh', '-c', script]);
  expect(ran.stdout.toString()).toBe('bin\ndev\nproc\nrun\nsecret\nsys\ntmp\nx\n');
  // The rights are those of the VM's user on the host.
  expect(ran.stderr).toContain("can't open '/secret': Permission denied");
  expect(ran.status).toBe(1);
  expect(readdirSync(join(root, 'tmp'))).toEqual([]);
  // This kernel has its modules with it, and so overlays.
  const writes = ['/bin/busybox', 'sh', '-c', 'echo y >/bin/new && /bin/busybox cat /bin/new'];
  const inMemory = umlrun(['-kernel', testKernelDirectory(), '-root', root, '--', ...writes]);
  expect(inMemory).toEqual({ status: 0, stdout: Buffer.from('y\n'), stderr: '' });
  expect(readdirSync(join(root, 'bin'))).toEqual(['busybox']);
});

test('the root directory of the host: /proc, /sys and /dev are file systems of the guest', () => {
  const script = 'test -d /proc/self && test -d /sys/class && test -c /dev/pts/ptmx && echo good';
  // With the modules of the kernel, and so overlays; and without.
  for (const kernel of [['-kernel', testKernelDirectory()], []]) {
    const ran = umlrun([...kernel, '-root', '/', '--', 'sh', '-c', script]);
    expect(ran).toEqual({ status: 0, stdout: Buffer.from('good\n'), stderr: '' });
  }
});

test('an image with blocks of 1 KiB is copied; one that is written to is refused', () => {
  const small = join(world.home, 'small.img');
  const tree = join(world.home, 'tree');
  mkdirSync(join(tree, 'bin'), { recursive: true });
  cpSync('/bin/busybox', join(tree, 'bin/busybox'), { dereference: true });
  execFileSync('mke2fs', ['-q', '-F', '-t', 'ext4', '-b', '1024', '-d', tree, small, '16M'], {
    env: { PATH: '/usr/sbin:/sbin:/usr/bin:/bin' },
  });
  chmodSync(small, 0o644);
  const command = ['-image', small, '--', '/bin/busybox', 'sh', '-c', 'echo >/new && echo $((6*7))'];
  expect(umlrun(command)).toMatchObject({ status: 0, stdout: Buffer.from('42\n') });
  const writer = openSync(small, 'r+');
  lock(writer, 'exclusive');
  expect(umlrun(command)).toMatchObject({ status: 125, stderr: expect.stringContaining('writes to it') });
  closeSync(writer);
  chmodSync(small, 0o600);
  expect(umlrun(command).stderr).toContain('the kernel runs as user nobody, who cannot read it');
  expectNothingLeft();
});

test('a hostile guest sees what it was given, and cannot keep umlrun', () => {
  const look = 'mkdir /h && mount -t hostfs -o / none /h && ls /h /h/guest/run; echo x >/h/disk/image';
  const seen = umlrun(['--', 'sh', '-c', look]);
  expect(seen.stdout.toString().split('\n')).toEqual([
    ...['/h:', 'disk', 'guest', 'kernel', 'launch', 'lib', 'lib64', 'ready', 'root', 'share', 'tmp', ''],
    ...['/h/guest/run:', 'in', 'job', ''],
  ]);
  expect(seen.stderr).toContain("can't create /h/disk/image");
  const noise = umlrun(['--', 'sh', '-c', 'yes >/dev/ttyS0']);
  expect(noise.status).toBe(125);
  expect(noise.stderr).toContain('data that its init does not send');
  const deaf = umlrun(['--', 'sh', '-c', 'kill -STOP 1; kill -9 1; echo o >/proc/sysrq-trigger; sleep 1000']);
  expect(deaf.status).toBe(125);
  expectNothingLeft();
});

test('SIGTERM reaches the command; a command that ignores it ends all the same', async () => {
  const trap = start(['--', 'sh', '-c', 'trap "exit 3" TERM; echo up; while :; do sleep 0.1; done']);
  await said(trap, 'up');
  trap.kill('SIGTERM');
  expect((await once(trap, 'exit'))[0]).toBe(3);
  const deaf = start(['--', 'sh', '-c', 'trap "" TERM INT; echo up; while :; do sleep 0.1; done']);
  await said(deaf, 'up');
  deaf.kill('SIGTERM');
  await delay(100);
  deaf.kill('SIGINT');
  expect((await once(deaf, 'exit'))[0]).toBe(130);
  expectNothingLeft();
});

test('kill -9 ends the VM too; the next run removes what was left', async () => {
  const killed = start(['--', 'sh', '-c', 'echo up; exec sleep 1000']);
  await said(killed, 'up');
  expect(processes()).toContain('bwrap');
  killed.kill('SIGKILL');
  await once(killed, 'exit');
  while (processes() !== '') await delay(20);
  expect(readdirSync(join(world.runDir, '.umlrun')).length).toBeGreaterThan(1);
  expect(umlrun(['--', 'true']).status).toBe(0);
  expectNothingLeft();
});

test('eight at once', async () => {
  const runs = Array.from({ length: 8 }, (_, i) =>
    start(['-mem', '64M', '--', 'sh', '-c', `exit ${i + 40}`]),
  );
  const ends = await Promise.all(runs.map((child) => once(child, 'exit')));
  expect(ends.map(([status]) => status)).toEqual([40, 41, 42, 43, 44, 45, 46, 47]);
  expectNothingLeft();
});

test('without root', () => {
  const uid = 61_018;
  const home = join(world.home, 'user');
  mkdirSync(home);
  const own = join(home, 'own.img');
  cpSync(testImage(), own);
  execFileSync('chown', ['-R', `${uid}:${uid}`, home]);
  chmodSync(home, 0o700);
  const kernel = join(world.varDir, 'shared/kernels/linux');
  const asUser = ['--reuid', `${uid}`, '--regid', `${uid}`, '--clear-groups', '--', process.execPath];
  const run = (...args: string[]) =>
    spawnSync('setpriv', [...asUser, program('umlrun'), '-kernel', kernel, ...args], {
      encoding: 'utf8',
      cwd: home,
      timeout: patienceMs,
      env: { PATH: process.env.PATH, HOME: home, XDG_RUNTIME_DIR: join(home, 'run') },
    });
  expect(
    run('-image', own, '-share', home, '--', 'sh', '-c', 'id -u; pwd; echo x >made; exit 9'),
  ).toMatchObject({
    status: 9,
    stdout: `0\n${home}\n`,
    stderr: '',
  });
  expect(execFileSync('stat', ['-c', '%u', join(home, 'made')]).toString()).toBe(`${uid}\n`);
  expect(readdirSync(join(home, 'run/umlmon/.umlrun'))).toEqual(['jail']);
});

function hash(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
