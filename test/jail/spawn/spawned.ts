/** Starts kernels in jails, for tests of spawnInJail(). */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
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
import { afterAll, beforeAll } from 'vitest';
import { userArgument } from '../../../src/config/values/kernel-argument.ts';
import { makeDirectories } from '../../../src/jail/directories.ts';
import { hostPrograms, launcherFiles } from '../../../src/jail/host/host-support.ts';
import { jailDirectories, layoutOf } from '../../../src/jail/layout.ts';
import type { MountPlan } from '../../../src/jail/sandbox/assert-mounts.ts';
import { jailMounts, kernelInJail } from '../../../src/jail/sandbox/mounts.ts';
import { type SandboxPlan, sandboxArguments } from '../../../src/jail/sandbox/sandbox.ts';
import { seccompFilter } from '../../../src/jail/sandbox/seccomp.ts';
import type { Sandbox } from '../../../src/jail/spawn/sandbox-processes.ts';
import { spawnInJail } from '../../../src/jail/spawn/spawn.ts';
import { makeRootImage, TEST_UID, testKernelDirectory } from '../../helpers/guest/kernel.ts';

export const user = { uid: TEST_UID, gid: TEST_UID };
const MIB = 1 << 20;
const statusFd = 3;
const seccompFd = 4;

/** /init of the guest; `todo` comes from the kernel's command line. */
export const init = `#!/bin/busybox sh
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

export const scratch = mkdtempSync(join(tmpdir(), 'umlmon-launch-'));
export const image = join(scratch, 'root.img');
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

export interface Wish {
  launcher?: SandboxPlan['launcher'];
  args?: readonly string[];
  change?: (plan: SandboxPlan) => SandboxPlan;
  /** What is compared with the jail, if not the plan. */
  mounts?: (plan: SandboxPlan) => MountPlan;
}

export async function start(
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

export async function until(condition: () => boolean, text: () => string): Promise<void> {
  for (let waited = 0; !condition(); waited += 20) {
    if (waited > 20_000) throw new Error(`waited in vain:\n${text()}`);
    await delay(20);
  }
}

export function processesOf(sandbox: Sandbox) {
  const { init: reaper, kernel } = sandbox;
  if (!reaper || !kernel) throw new Error('the kernel ended too early');
  return { reaper, kernel };
}

export const fieldOf = (pid: number, name: string) => {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return new RegExp(`^${name}:[\\t ]*(.*)$`, 'm').exec(status)?.[1]?.replaceAll('\t', ' ');
};

/** All processes of the test user that live in the pid namespace of a process. */
export const namespaceOf = (pid: number) =>
  execFileSync('readlink', [`/proc/${pid}/ns/pid`], { encoding: 'utf8' }).trim();
export const membersOf = (namespace: string) =>
  readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return namespaceOf(Number(name)) === namespace;
    } catch {
      return false;
    }
  });
