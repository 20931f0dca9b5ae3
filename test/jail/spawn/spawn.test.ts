import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kernelArgument, userArgument } from '../../../src/config/values/kernel-argument.ts';
import { makeDirectories } from '../../../src/jail/directories.ts';
import { hostPrograms, launcherFiles } from '../../../src/jail/host/host-support.ts';
import { jailDirectories, layoutOf } from '../../../src/jail/layout.ts';
import type { MountPlan } from '../../../src/jail/sandbox/assert-mounts.ts';
import { jailMounts, kernelInJail } from '../../../src/jail/sandbox/mounts.ts';
import { type SandboxPlan, sandboxArguments } from '../../../src/jail/sandbox/sandbox.ts';
import { seccompFilter } from '../../../src/jail/sandbox/seccomp.ts';
import { jailedProcesses, killSandbox, type Sandbox } from '../../../src/jail/spawn/sandbox-processes.ts';
import { spawnInJail } from '../../../src/jail/spawn/spawn.ts';
import { readStatus } from '../../../src/jail/status.ts';
import { isSameProcess } from '../../../src/system/native/process.ts';
import { makeRootImage, TEST_UID, testKernelDirectory } from '../../helpers/guest/kernel.ts';

const user = { uid: TEST_UID, gid: TEST_UID };
const MIB = 1 << 20;
const statusFd = 3;
const seccompFd = 4;

/** /init of the guest; `todo` comes from the kernel's command line. */
const init = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
case "$todo" in
  panic) echo c > /proc/sysrq-trigger ;;
  sleep) echo SITTING; exec sleep 100000 ;;
  hostfs)
    mount -t hostfs none /mnt -o /
    echo "ROOT" $(ls -a /mnt)
    echo "DISKS" $(ls /mnt/disks)
    mkdir /mnt/new 2>/dev/null || echo ROOT-READ-ONLY
    mkdir /mnt/shared/new 2>/dev/null || echo SHARED-READ-ONLY
    mkdir /mnt/run/mon/new 2>/dev/null || echo MON-READ-ONLY
    mkdir /mnt/kernel/new 2>/dev/null || echo KERNEL-READ-ONLY
    mkdir /mnt/run/uml/new && echo UML-WRITABLE
    umount /mnt
    mount -t hostfs none /mnt -o ../../../..
    echo "ABOVE" $(ls -a /mnt)
    ;;
esac
poweroff -f
`;

const scratch = mkdtempSync(join(tmpdir(), 'umlmon-launch-'));
const image = join(scratch, 'root.img');
beforeAll(() => {
  chmodSync(scratch, 0o711);
  makeRootImage(image, init);
});
afterAll(() => rmSync(scratch, { recursive: true }));

let count = 0;
/** A VM with its own directories, ready to be launched. */
function prepare() {
  const layout = layoutOf(`vm${++count}`, { varDir: join(scratch, 'var'), runDir: join(scratch, 'run') });
  makeDirectories(jailDirectories(layout, true), { uid: 0, gid: 0 }, user);
  writeFileSync(join(layout.shared, 'canary'), '');
  const disk = join(layout.disks, 'root.dsk');
  copyFileSync(image, disk);
  chownSync(disk, user.uid, user.gid);
  chmodSync(disk, 0o600);
  return layout;
}

interface Wish {
  launcher?: SandboxPlan['launcher'];
  args?: readonly string[];
  change?: (plan: SandboxPlan) => SandboxPlan;
  /** What is compared with the jail, if not the plan. */
  mounts?: (plan: SandboxPlan) => MountPlan;
}

async function start(
  todo: string,
  { launcher = 'user-namespace', args = [], change = (plan) => plan, mounts = (plan) => plan }: Wish = {},
) {
  const layout = prepare();
  const kernel = testKernelDirectory();
  const programs = hostPrograms();
  const plan: SandboxPlan = change({
    programs,
    launcher,
    user,
    limits: { core: 1, processes: 500, files: 1024, stack: 8 * 1024 ** 2 },
    network: 'none',
    root: layout.jail,
    ...jailMounts({
      layout,
      launcher,
      kernel: join(kernel, 'linux'),
      libraries: readdirSync(join(kernel, 'lib')).map((name) => {
        return {
          from: join(kernel, 'lib', name),
          to: `${name.startsWith('ld-') ? '/lib64' : '/lib'}/${name}`,
        };
      }),
      memory: 64 * MIB,
      writableShared: [],
      devices: false,
      tun: undefined,
      ...(launcher === 'root' ? { launcherFiles: await launcherFiles() } : {}),
    }),
    environment: { TMPDIR: '/tmp' },
    seccompFd,
    statusFd,
    cwd: '/',
    command: [
      kernelInJail,
      ...[
        ...[
          'mem=64M',
          'ubd0d=/disks/root.dsk',
          'root=/dev/ubda',
          'rw',
          'init=/init',
          `todo=${todo}`,
          'noreboot',
        ],
        ...['uml_dir=/run/uml/', `umid=${layout.vm}`, 'con=null', 'ssl=null', 'con0=fd:0,fd:1'],
        ...['initcall_blacklist=raid6_init', 'lpj=38682624', 'pty.legacy_count=0'],
        ...args,
      ].map(userArgument),
    ],
  });
  const log = join(layout.logDir, 'con0');
  const input = openSync('/dev/null', 'r');
  const output = openSync(log, 'w');
  const text = () => readFileSync(log, 'latin1').replaceAll('\r', '');
  try {
    const sandbox = await spawnInJail({
      argv: sandboxArguments(plan),
      cwd: layout.home,
      mounts: mounts(plan),
      trial: plan,
      descriptors: new Map([
        [0, input],
        [1, output],
        [2, output],
      ]),
      status: { fd: statusFd, path: layout.status },
      seccomp: {
        fd: seccompFd,
        filter: seccompFilter({
          architecture: process.arch,
          unix: 'datagram',
          families: [],
          rootLauncher: launcher === 'root',
          hostNetwork: false,
        }),
      },
      words: text,
    });
    return { sandbox, layout, text };
  } finally {
    closeSync(input);
    closeSync(output);
  }
}

async function until(condition: () => boolean, text: () => string): Promise<void> {
  for (let waited = 0; !condition(); waited += 20) {
    if (waited > 20_000) throw new Error(`waited in vain:\n${text()}`);
    await delay(20);
  }
}

function processesOf(sandbox: Sandbox) {
  const { init: reaper, kernel } = sandbox;
  if (!reaper || !kernel) throw new Error('the kernel ended too early');
  return { reaper, kernel };
}

const fieldOf = (pid: number, name: string) => {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return new RegExp(`^${name}:[\\t ]*(.*)$`, 'm').exec(status)?.[1]?.replaceAll('\t', ' ');
};

/** All processes of the test user that live in the pid namespace of a process. */
const namespaceOf = (pid: number) =>
  execFileSync('readlink', [`/proc/${pid}/ns/pid`], { encoding: 'utf8' }).trim();
const membersOf = (namespace: string) =>
  readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return namespaceOf(Number(name)) === namespace;
    } catch {
      return false;
    }
  });

describe.each(['user-namespace', 'root'] as const)('the %s launcher', (launcher) => {
  describe.each(['off', 'on'])('with seccomp=%s', (mode) => {
    const args = [`seccomp=${mode}`];

    test('boots a guest, which powers off', async () => {
      const { sandbox, layout, text } = await start('poweroff', { launcher, args });
      expect(await sandbox.exit, text()).toBe(0);
      expect(text()).toContain('Run /init as init process');
      expect(readStatus(layout.status)).toMatchObject({ initPid: sandbox.init?.pid, exitStatus: 0 });
      expect(existsSync(`${layout.status}.filter`)).toBe(false);
    });

    test('reports a panic as SIGABRT', async () => {
      const { sandbox, text } = await start('panic', { launcher, args });
      expect(await sandbox.exit, text()).toBe(134);
      expect(text()).toContain('Kernel panic');
    });

    test('leaves the kernel no privilege, and kills all of it', async () => {
      const { sandbox, text } = await start('sleep', { launcher, args });
      const { reaper, kernel } = processesOf(sandbox);
      try {
        await until(() => text().includes('SITTING'), text);
        for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
          expect([set, Number(`0x${fieldOf(kernel.pid, set)}`)]).toEqual([set, 0]);
        expect(fieldOf(kernel.pid, 'NoNewPrivs')).toBe('1');
        expect(fieldOf(kernel.pid, 'Seccomp')).toBe('2');
        for (const ids of ['Uid', 'Gid'])
          expect(fieldOf(kernel.pid, ids)).toBe(Array(4).fill(TEST_UID).join(' '));
        expect(fieldOf(kernel.pid, 'Groups')?.trim()).toBe('');
        expect(readFileSync(`/proc/${kernel.pid}/environ`, 'latin1')).toBe('TMPDIR=/tmp\0PWD=/\0');
        const limits = readFileSync(`/proc/${kernel.pid}/limits`, 'latin1');
        expect(limits).toMatch(/Max core file size +1 +1 /);
        expect(limits).toMatch(/Max processes +500 +500 /);
        expect(limits).toMatch(/Max open files +1024 +1024 /);
        for (const namespace of ['mnt', 'pid', 'net', 'ipc', 'uts'])
          expect(readlink(kernel.pid, namespace)).not.toBe(readlink(process.pid, namespace));
        // Neither the status file, which it could forge, nor anything else of the monitor's.
        expect(filesOf(kernel.pid).filter((path) => /status|filter/.test(path))).toEqual([]);
        // A later monitor finds the same processes from the launcher's pid.
        expect(jailedProcesses(sandbox.launcher.pid)).toEqual({ init: reaper, kernel });
      } finally {
        const namespace = namespaceOf(kernel.pid);
        expect(membersOf(namespace).length).toBeGreaterThan(2);
        expect(killSandbox(reaper)).toBe(true);
        expect(await sandbox.exit).toBe(137);
        expect(membersOf(namespace)).toEqual([]);
      }
      expect(isSameProcess(kernel)).toBe(false);
      expect(killSandbox(reaper)).toBe(false);
    });
  });

  test('shows a guest that mounts hostfs the jail and nothing else', async () => {
    const { sandbox, layout, text } = await start('hostfs', { launcher });
    expect(await sandbox.exit, text()).toBe(0);
    const tree = '. .. dev disks kernel launch lib lib64 run shared tmp';
    expect(text()).toContain(`ROOT ${tree}\n`);
    expect(text()).toContain(`ABOVE ${tree}\n`);
    expect(text()).toContain('DISKS root.dsk\n');
    for (const place of ['ROOT', 'SHARED', 'MON', 'KERNEL']) expect(text()).toContain(`${place}-READ-ONLY`);
    expect(text()).toContain('UML-WRITABLE');
    expect(existsSync(join(layout.runUml, 'new'))).toBe(true);
  });
});

function readlink(pid: number, namespace: string): string {
  return execFileSync('readlink', [`/proc/${pid}/ns/${namespace}`], { encoding: 'utf8' });
}

function filesOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).map((fd) => {
    return execFileSync('readlink', [`/proc/${pid}/fd/${fd}`], { encoding: 'utf8' }).trim();
  });
}

describe('a launch that fails', () => {
  const failing = (change: Wish['change']) => start('poweroff', change ? { change } : {});

  test('reports the error of bubblewrap', async () => {
    const bind = { from: '/nonexistent/image', to: '/disks/x', mode: 'rw' } as const;
    await expect(failing((plan) => ({ ...plan, binds: [...plan.binds, bind] }))).rejects.toMatchObject({
      code: 'JAIL_LAUNCH',
      words: expect.stringContaining('/nonexistent/image'),
    });
  });

  test('is one if the jail has another mount than was planned, or one less', async () => {
    const without = (plan: SandboxPlan) => ({ ...plan, binds: plan.binds.slice(1) });
    await expect(start('sleep', { mounts: without })).rejects.toMatchObject({
      code: 'JAIL_MOUNTS',
      reason: expect.stringMatching(/: \w+ at \/kernel\/linux$/),
    });
    const more = { from: '/etc', to: '/etc', mode: 'ro' } as const;
    const withOne = (plan: SandboxPlan) => ({ ...plan, binds: [...plan.binds, more] });
    await expect(start('sleep', { mounts: withOne })).rejects.toMatchObject({
      code: 'JAIL_MOUNTS',
      reason: expect.stringMatching(/: nothing at \/etc$/),
    });
    expect(spawnSync('pgrep', ['-f', scratch], { encoding: 'utf8' }).stdout).toBe('');
  });

  test('has a hint for a bubblewrap that cannot bind descriptors', async () => {
    const old = join(scratch, 'old-bwrap');
    writeFileSync(old, '#!/bin/sh\necho "bwrap: Unknown option --ro-bind-fd" >&2\nexit 1\n', { mode: 0o755 });
    const change = (plan: SandboxPlan) => ({ ...plan, programs: { ...plan.programs, bwrap: old } });
    await expect(failing(change)).rejects.toMatchObject({
      code: 'JAIL_LAUNCH',
      hint: expect.stringContaining('install bubblewrap 0.10 or newer'),
    });
  });

  test('reports which program is missing', async () => {
    const missing = (plan: SandboxPlan) => ({
      ...plan,
      programs: { ...plan.programs, prlimit: '/nonexistent/prlimit' },
    });
    await expect(failing(missing)).rejects.toMatchObject({
      code: 'JAIL_LAUNCH',
      reason: expect.stringContaining('ENOENT'),
    });
  });

  test('reports that the kernel is not a program', async () => {
    await expect(failing((plan) => ({ ...plan, command: ['/kernel/absent'] }))).rejects.toMatchObject({
      code: 'JAIL_LAUNCH',
      words: expect.stringContaining('/kernel/absent'),
    });
  });

  test('is not one if the kernel ran and gave up', async () => {
    const { sandbox } = await failing((plan) => ({
      ...plan,
      command: [kernelInJail, kernelArgument('mem=1M')],
    }));
    expect(await sandbox.exit).toBe(1);
  });
});

test('killSandbox spares a process that only has the same number', async () => {
  const { sandbox, text } = await start('sleep');
  const { reaper } = processesOf(sandbox);
  await until(() => text().includes('SITTING'), text);
  expect(killSandbox({ ...reaper, startTime: reaper.startTime + 1 })).toBe(false);
  expect(isSameProcess(reaper)).toBe(true);
  expect(killSandbox(reaper)).toBe(true);
  expect(await sandbox.exit).toBe(137);
});
