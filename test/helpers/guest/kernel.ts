/**
 * A real UML kernel in a bubblewrap jail, laid out as umlmon lays out a VM (run/uml, run/mon, disks), with a shell
 * as its init. Independent of src/jail and src/plan, so that their faults do not hide here.
 */
import '../tiers/needs-host.ts';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The user a test kernel runs as. */
export const TEST_UID = 61_234;

/** The directory with `linux` and `lib/` that the tests run, from the environment. */
export function testKernelDirectory(): string {
  const directory = process.env.UMLMON_TEST_KERNEL;
  if (!directory)
    throw new Error(
      'UMLMON_TEST_KERNEL is not set: it must name a kernel directory (containing linux and lib/). ' +
        'Tests of umlmon boot a real User Mode Linux kernel.',
    );
  accessSync(join(directory, 'linux'), constants.X_OK);
  accessSync(join(directory, 'lib/libc.so.6'), constants.R_OK);
  return directory;
}

/** Mounts what a shell needs, says so, and then executes the lines that are typed at con0. */
export const shellInit = `#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev 2>/dev/null
exec </dev/console >/dev/console 2>&1
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
echo 0 >/proc/sys/kernel/ctrl-alt-del
echo READY
while read -r line; do eval "$line"; done
`;

/** An ext4 image with busybox and the given /init. */
export function makeRootImage(path: string, init: string = shellInit): void {
  const tree = mkdtempSync(join(tmpdir(), 'umlmon-tree-'));
  try {
    for (const name of ['bin', 'dev', 'proc', 'sys', 'tmp', 'mnt']) mkdirSync(join(tree, name));
    copyFileSync('/bin/busybox', join(tree, 'bin/busybox'));
    writeFileSync(join(tree, 'init'), init, { mode: 0o755 });
    writeFileSync(path, '');
    const mke2fs = ['-q', '-F', '-t', 'ext4', '-b', '4096', '-O', '^has_journal', '-d', tree, path, '16M'];
    execFileSync('mke2fs', mke2fs, { env: { PATH: '/usr/sbin:/sbin:/usr/bin:/bin' } });
  } finally {
    rmSync(tree, { recursive: true });
  }
}

export interface TestKernelOptions {
  /** Kernel arguments besides the usual ones. */
  readonly args?: readonly string[];
  readonly init?: string;
  /** Descriptors that the kernel inherits as 3, 4, …, e.g. of a pty for `con1=fd:3`. */
  readonly inherit?: readonly number[];
}

export interface TestKernel {
  /** RUNDIR/VM of this kernel: has run/uml (the kernel's), run/mon (ours), disks. */
  readonly directory: string;
  readonly umid: string;
  readonly child: ChildProcess;
  /** The process of the kernel itself, below its sandbox. */
  pid(): number;
  /** Resolves when it has ended. */
  readonly exited: Promise<unknown>;
  /** Everything con0 has shown. */
  output(): string;
  /** Types a line into the shell at con0. */
  type(line: string): void;
  /** Waits until con0 has shown the text. */
  shown(text: string): Promise<void>;
  /** Ends it by force, if it has not ended, and removes its directory. */
  stop(): Promise<void>;
}

/** Makes RUNDIR/VM: before the kernel starts, so that sockets can be bound in run/mon. */
export function makeTestDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'umlmon-kernel-'));
  for (const name of ['run', 'run/uml', 'run/mon', 'disks']) mkdirSync(join(directory, name));
  chmodSync(directory, 0o755);
  for (const name of ['run/uml', 'disks']) chownSync(join(directory, name), TEST_UID, TEST_UID);
  return directory;
}

export function startTestKernel(
  directory: string,
  { args = [], init, inherit = [] }: TestKernelOptions = {},
): TestKernel {
  const kernel = testKernelDirectory();
  const umid = 'vm1';
  const image = join(directory, 'disks/root.dsk');
  makeRootImage(image, init);
  chownSync(image, TEST_UID, TEST_UID);
  const inJail = (from: string, to: string) => ['--ro-bind', join(kernel, from), to];
  const jail = [
    ...['--unshare-user', '--unshare-pid', '--unshare-net', '--unshare-ipc', '--unshare-uts'],
    ...[
      '--new-session',
      '--die-with-parent',
      '--cap-drop',
      'ALL',
      '--clearenv',
      '--setenv',
      'TMPDIR',
      '/tmp',
    ],
    ...['--bind', join(directory, 'disks'), '/disks', '--bind', join(directory, 'run/uml'), '/run/uml'],
    ...['--ro-bind', join(directory, 'run/mon'), '/run/mon', '--tmpfs', '/tmp', '--chdir', '/'],
    ...inJail('linux', '/kernel/linux'),
    ...inJail('lib/ld-linux-x86-64.so.2', '/lib64/ld-linux-x86-64.so.2'),
    ...inJail('lib/libc.so.6', '/lib/libc.so.6'),
    ...inJail('lib/libgcc_s.so.1', '/lib/libgcc_s.so.1'),
  ];
  const linux = [
    ...['ubd0d=/disks/root.dsk', 'root=/dev/ubda', 'rw', 'init=/init', 'mem=64M', 'noreboot'],
    ...['initcall_blacklist=raid6_init', 'lpj=38682624', 'pty.legacy_count=0', 'con=null', 'ssl=null'],
    ...['con0=fd:0,fd:1', 'uml_dir=/run/uml/', `umid=${umid}`, ...args],
  ];
  const user = ['--reuid', `${TEST_UID}`, '--regid', `${TEST_UID}`, '--clear-groups', '--no-new-privs'];
  const child = spawn(
    'setpriv',
    [...user, '--', 'setarch', '-R', 'bwrap', ...jail, '--', '/kernel/linux', ...linux],
    {
      stdio: ['pipe', 'pipe', 'pipe', ...inherit],
      cwd: '/',
    },
  );
  const exited = once(child, 'exit');
  let seen = '';
  const wakers = new Set<() => void>();
  const { stdin, stdout, stderr } = child;
  if (!stdin || !stdout || !stderr) throw new Error('no pipes to the kernel');
  for (const stream of [stdout, stderr])
    stream.on('data', (part) => {
      seen += part;
      for (const wake of [...wakers]) wake();
    });
  stdin.on('error', () => {
    seen += '\n[stdin of the kernel is closed]\n';
  });
  return {
    directory,
    umid,
    child,
    exited,
    pid: () => kernelBelow(child.pid ?? 0),
    output: () => seen,
    type: (line) => stdin.write(`${line}\n`),
    shown: (text) =>
      new Promise((resolve, reject) => {
        const check = () => {
          if (seen.includes(text)) resolve();
          else if (child.exitCode !== null)
            reject(new Error(`the kernel ended before it showed ${text}:\n${seen}`));
          else return;
          wakers.delete(check);
        };
        wakers.add(check);
        void exited.then(check);
        check();
      }),
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exited;
      rmSync(directory, { recursive: true });
    },
  };
}

/** The sandbox is a chain of single children; stubs of the kernel come below the kernel. */
function kernelBelow(top: number): number {
  for (let pid = top; ; ) {
    if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('/kernel/linux')) return pid;
    const [next] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
    if (!next) throw new Error(`no kernel below process ${top}`);
    pid = Number(next);
  }
}
