/** umlmon as a user without any privilege: a mode, not an accident. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { testKernelDirectory } from '../../helpers/guest/kernel.ts';
import { program, testImage } from '../../helpers/programs/world.ts';

/** A uid that no account has. */
const uid = 61_017;
let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'umlmon-user-'));
  chownSync(home, uid, uid);
});

afterEach(() => {
  const pid = run('cat', [join(home, 'runtime/umlmon/vm1.pid')]).stdout.trim();
  if (pid) {
    process.kill(Number(pid), 'SIGTERM');
    spawnSync('tail', ['--pid', pid, '-f', '/dev/null'], { timeout: 30_000 });
  }
  rmSync(home, { recursive: true, force: true });
});

function run(command: string, args: readonly string[]) {
  const asUser = ['--reuid', `${uid}`, '--regid', `${uid}`, '--clear-groups', '--', command, ...args];
  return spawnSync('setpriv', asUser, {
    encoding: 'utf8',
    timeout: 60_000,
    cwd: '/',
    env: {
      PATH: process.env.PATH,
      HOME: home,
      XDG_CONFIG_HOME: join(home, 'config'),
      XDG_STATE_HOME: join(home, 'state'),
      XDG_RUNTIME_DIR: join(home, 'runtime'),
    },
  });
}

function umlmon(...args: string[]) {
  return run(process.execPath, [program('umlmon'), ...args]);
}

function umlwatch(...args: string[]) {
  return run(process.execPath, [program('umlwatch'), ...args]);
}

test('a VM from its configuration in the home directory to its end, without root', () => {
  const kernel = join(home, 'state/umlmon/shared/kernels/linux');
  const disks = join(home, 'state/umlmon/vm1/jail/disks');
  for (const directory of [kernel, disks, join(home, 'config/umlmon'), join(home, 'runtime')])
    mkdirSync(directory, { recursive: true });
  for (const part of ['linux', 'lib'])
    cpSync(join(testKernelDirectory(), part), join(kernel, part), { recursive: true, dereference: true });
  cpSync(testImage(), join(disks, 'root.dsk'));
  writeFileSync(join(home, 'config/umlmon/umlmon.ini'), '[GLOBAL]\n\n[vm1]\nubd0 = /disks/root.dsk\n');
  execFileSync('chown', ['-R', `${uid}:${uid}`, home]);

  expect(umlmon('-check')).toMatchObject({ status: 0, stderr: '' });
  const plan = JSON.parse(umlmon('-plan', 'vm1', '-json').stdout);
  expect(plan.user).toEqual({ name: `${uid}`, uid, gid: uid });
  expect(plan.sandbox.launcher).toBe('user-namespace');

  expect(umlmon('vm1').stdout).toMatch(/^vm1: monitor \d+ started\n$/);
  expect(umlwatch('vm1', '-start')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^vm1: running/),
  });
  const info = JSON.parse(umlwatch('vm1', '-info', '-json').stdout);
  const status = readFileSync(`/proc/${info.kernelPid}/status`, 'latin1');
  expect(status).toMatch(new RegExp(`^Uid:\\s+${uid}\\s+${uid}\\s+${uid}\\s+${uid}$`, 'm'));
  expect(status).toMatch(/^Seccomp:\s+2$/m);
  expect(status).toMatch(/^CapBnd:\s+0+$/m);
  // On many hosts all users are of one group.
  expect(run('stat', ['-c', '%a', join(home, 'state/umlmon/vm1/ctrl')]).stdout).toBe('600\n');
  const open = execFileSync(
    'find',
    [join(home, 'state'), join(home, 'runtime'), '-perm', '/070', '!', '-perm', '/007'],
    {
      encoding: 'utf8',
    },
  );
  // Of images it is the user who decides; logs are in directories of the user alone.
  expect(open.split('\n').filter((path) => path && !/\/vm1\/(?:log|crashes)\//.test(path))).toEqual([]);
  const neighbour = ['--reuid', '61999', '--regid', `${uid}`, '--clear-groups', '--'];
  const vm = join(home, 'state/umlmon/vm1');
  for (const path of [`${vm}/log/con0`, `${vm}/jail`, `${vm}/run/mon`, `${vm}/run.json`])
    expect(
      spawnSync('setpriv', [...neighbour, 'ls', '-d', `${path}/.`], { encoding: 'utf8' }).stderr,
    ).toMatch(/Permission denied|Not a directory/);
  expect(spawnSync('setpriv', [...neighbour, 'cat', `${vm}/run.json`]).status).toBe(1);
  const script = run('sh', ['-c', `echo id | ${process.execPath} ${program('umlwatch')} vm1 -connect con1`]);
  expect(script.stdout).toContain('uid=0 gid=0(root)');
  // What the guest has not read is seen in the memory of its kernel, which takes the right to trace it.
  const lines = 'x'.repeat(99).concat('\\r').repeat(100);
  expect(
    umlwatch('vm1', '-send', 'sleep 2\\r', '-send', lines, '-timeout', '20s', '-run', 'echo ok'),
  ).toMatchObject({ status: 0, stdout: 'ok\n' });
  const { consoles } = JSON.parse(umlwatch('vm1', '-info', '-json').stdout);
  expect(consoles.find(({ channel }: { channel: string }) => channel === 'con1')).toMatchObject({
    inputSeen: true,
  });
  expect(umlwatch('vm1', '-backup', 'first')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^vm1: backup first: 1 image; crash-consistent, .*; checked$/m),
  });
  expect(umlwatch('vm1', '-stop')).toMatchObject({ status: 0, stdout: 'vm1: stopped cleanly\n' });
});

test('another user as vmuser is refused with the reason', () => {
  mkdirSync(join(home, 'config/umlmon'), { recursive: true });
  writeFileSync(
    join(home, 'config/umlmon/umlmon.ini'),
    '[GLOBAL]\n[vm1]\nvmuser = nobody\nubd0 = /disks/root.dsk\n',
  );
  execFileSync('chown', ['-R', `${uid}:${uid}`, home]);
  const checked = umlmon('-check', 'vm1');
  expect(checked.status).toBe(3);
  expect(checked.stderr).toMatch(/umlmon\.ini:3: \[vm1\] vmuser: .*only root can run a VM as another user/);
  const started = umlmon('vm1');
  expect(started.status).not.toBe(0);
  expect(started.stderr).toContain('only root can run a VM as another user');
});
