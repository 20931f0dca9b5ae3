import { describe, expect, test } from 'vitest';
import { kernelArgument } from '../../../src/config/values/kernel-argument.ts';
import { layoutOf } from '../../../src/jail/layout.ts';
import { jailMounts } from '../../../src/jail/sandbox/mounts.ts';
import { type SandboxPlan, sandboxArguments } from '../../../src/jail/sandbox/sandbox.ts';

const programs = {
  prlimit: '/p/prlimit',
  taskset: '/p/taskset',
  setarch: '/p/setarch',
  setpriv: '/p/setpriv',
  unshare: '/p/unshare',
  bwrap: '/p/bwrap',
};
const plan: SandboxPlan = {
  programs,
  launcher: 'user-namespace',
  user: { uid: 7, gid: 8 },
  limits: { core: 1, processes: 50, files: 1024, stack: 4096 },
  cpus: '1',
  network: 'none',
  root: '/jail',
  tmpfs: [
    { path: '/tmp', size: 5, mode: 0o700, readOnly: false },
    { path: '/lib', size: 6, mode: 0o755, readOnly: true },
  ],
  binds: [
    { from: '/a', to: '/b', mode: 'ro' },
    { from: '/c', to: '/d', mode: 'rw' },
    { from: '/e', to: '/f', mode: 'dev' },
  ],
  environment: { TMPDIR: '/tmp' },
  seccompFd: 4,
  statusFd: 3,
  cwd: '/',
  command: ['/kernel/linux', kernelArgument('mem=64M')],
};

const bwrap = [
  '--new-session --cap-drop ALL',
  '--ro-bind /jail / --perms 0700 --size 5 --tmpfs /tmp --perms 0755 --size 6 --tmpfs /lib',
  '--ro-bind /a /b --bind /c /d --dev-bind /e /f --remount-ro /lib',
  '--clearenv --setenv TMPDIR /tmp --chdir / --seccomp 4 --json-status-fd 3 --',
].join(' ');
const drop = '--reuid 7 --regid 8 --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all --';

describe('sandboxArguments', () => {
  test('the user namespace launcher drops the user outside', () => {
    expect(sandboxArguments(plan).join(' ')).toBe(
      `/p/prlimit --core=1 --nproc=50 --nofile=1024 --stack=4096: -- /p/taskset -c 1 /p/setarch -R -- /p/setpriv ${drop} /p/bwrap --unshare-user --unshare-pid --unshare-ipc --unshare-uts --unshare-net ${bwrap} /kernel/linux mem=64M`,
    );
  });

  test('only requested items are present', () => {
    const { user, cpus, ...rest } = plan;
    const line = sandboxArguments({
      ...rest,
      limits: { core: 0, files: 64, stack: 4096 },
      network: 'host',
    }).join(' ');
    expect(line).toMatch(
      /^\/p\/prlimit --core=0 --nofile=64 --stack=4096: -- \/p\/setarch -R -- \/p\/bwrap /,
    );
    expect(line).not.toContain('--unshare-net');
  });

  test('the root launcher drops the user inside, with three capabilities until then', () => {
    const line = sandboxArguments({ ...plan, launcher: 'root' }).join(' ');
    const inside = bwrap.replace(
      '--cap-drop ALL',
      '--cap-drop ALL --cap-add CAP_SETUID --cap-add CAP_SETGID --cap-add CAP_SETPCAP',
    );
    expect(line).toBe(
      `/p/prlimit --core=1 --nproc=50 --nofile=1024 --stack=4096: -- /p/taskset -c 1 /p/bwrap --unshare-pid --unshare-ipc --unshare-uts --unshare-net ${inside} /launch/loader --library-path /launch /launch/setpriv --ambient-caps=-all ${drop} /launch/loader --library-path /launch /launch/setarch -R -- /kernel/linux mem=64M`,
    );
  });

  test('never ties the guest to its monitor, and never makes the kernel PID 1', () => {
    for (const launcher of ['root', 'user-namespace'] as const) {
      const argv = sandboxArguments({ ...plan, launcher });
      expect(argv).not.toContain('--die-with-parent');
      expect(argv).not.toContain('--as-pid-1');
    }
  });
});

describe('jailMounts', () => {
  const contents = {
    layout: layoutOf('vm1', { varDir: '/v', runDir: '/r' }),
    launcher: 'user-namespace',
    kernel: '/k/linux',
    libraries: [
      { from: '/k/ld.so', to: '/lib64/ld.so' },
      { from: '/k/libc', to: '/lib/libc' },
    ],
    memory: 64 << 20,
    writableShared: [{ path: 'a/b.img', fd: 9 }],
    devices: false,
    tun: undefined,
  } as const;

  test('shows the kernel, its libraries, the disks, the shared tree and the sockets', () => {
    const { tmpfs, binds } = jailMounts({ ...contents, modules: '/k/modules' });
    expect(binds.map(({ from, to, mode }) => `${mode} ${from} ${to}`)).toEqual([
      'ro /k/linux /kernel/linux',
      'ro /k/modules /kernel/modules',
      'ro /k/ld.so /lib64/ld.so',
      'ro /k/libc /lib/libc',
      'rw /v/vm1/jail/disks /disks',
      'ro /v/shared /shared',
      'rw /v/shared/a/b.img /shared/a/b.img',
      'rw /v/vm1/run/uml /run/uml',
      'ro /v/vm1/run/mon /run/mon',
    ]);
    expect(tmpfs.map(({ path, readOnly }) => `${path} ${readOnly}`)).toEqual([
      '/tmp false',
      '/kernel true',
      '/lib64 true',
      '/lib true',
    ]);
    expect(tmpfs[0]).toMatchObject({ size: (64 + 16) << 20, mode: 0o700 });
  });

  test.each(['../x', 'a/../../x', '/etc/shadow', '', '.', '..'])('refuses the shared image %j', (path) => {
    expect(() => jailMounts({ ...contents, writableShared: [{ path }] })).toThrow(
      expect.objectContaining({ code: 'JAIL_DIRECTORY' }),
    );
  });
});
