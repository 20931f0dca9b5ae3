import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FilterRequest, seccompFilter } from '../../../src/jail/sandbox/seccomp.ts';
import { kernelCalls, setprivCalls } from '../../../src/jail/sandbox/system-calls.ts';

const X86_64 = 0xc000003e;
const ALLOW = 'allow';
const filterOf = (
  families: FilterRequest['families'] = [],
  rootLauncher = false,
  hostNetwork = false,
  unix: FilterRequest['unix'] = 'datagram',
) => seccompFilter({ architecture: 'x64', unix, families, rootLauncher, hostNetwork });

/** The number of every system call of this machine, from the kernel's own header (package linux-libc-dev). */
const header = readFileSync('/usr/include/x86_64-linux-gnu/asm/unistd_64.h', 'utf8');
const numbers = new Map(
  [...header.matchAll(/#define __NR_(\w+) (\d+)/g)].map(([, name = '', n]) => [name, Number(n)]),
);
const numberOf = (name: string): number => {
  const number = numbers.get(name);
  if (number === undefined) throw new Error(`${name} is not a system call`);
  return number;
};

/** Classic BPF as bpf(4) and seccomp(2) describe it: as much as a filter may use. Returns 'allow' or the errno. */
function run(program: Uint8Array, nr: number, args: number[] = [], arch = X86_64): string | number {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(nr >>> 0, 0);
  data.writeUInt32LE(arch >>> 0, 4);
  args.forEach((value, index) => {
    data.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), 16 + 8 * index);
  });
  const code = Buffer.from(program);
  let accumulator = 0;
  for (let pc = 0; pc < code.length / 8; pc++) {
    const operation = code.readUInt16LE(8 * pc);
    const k = code.readUInt32LE(8 * pc + 4);
    const take = (condition: boolean) => {
      pc += code.readUInt8(8 * pc + (condition ? 2 : 3));
    };
    if (operation === 0x20) accumulator = data.readUInt32LE(k);
    else if (operation === 0x15) take(accumulator === k);
    else if (operation === 0x35) take(accumulator >= k);
    else if (operation === 0x45) take((accumulator & k) !== 0);
    else if (operation === 0x06)
      return k === 0x7fff0000 ? ALLOW : k >>> 16 === 5 ? k & 0xffff : `return ${k}`;
    else throw new Error(`instruction ${pc} is ${operation}`);
  }
  throw new Error('ran off the end');
}

const EPERM = 1;

/** uml-kernel §7: the system calls observed of a UML kernel, over all its modes and devices. */
const observed =
  `access arch_prctl bind brk chdir clone close close_range dup2 epoll_create epoll_ctl epoll_wait execve
  execveat exit exit_group fallocate fcntl fstat ftruncate futex getcwd getdents64 getpid getppid getrandom gettid ioctl
  kill lseek madvise memfd_create mkdir mmap mprotect munmap newfstatat openat personality poll prctl pread64 prlimit64
  ptrace pwrite64 read readlink recvfrom recvmmsg recvmsg rmdir rseq rt_sigaction rt_sigprocmask rt_sigreturn seccomp
  sendmmsg sendmsg sendto set_robust_list set_tid_address setsid setsockopt sigaltstack signalfd4 statfs tgkill
  timer_create timer_settime uname unlink wait4 write clock_nanosleep restart_syscall chmod link mknodat rename statx
  symlink`.split(/\s+/);

describe('the table', () => {
  test('has the numbers of the kernel', () => {
    for (const [name, number] of [...kernelCalls, ...setprivCalls])
      expect([name, number]).toEqual([name, numberOf(name)]);
  });
});

describe('the filter, interpreted', () => {
  test.each([false, true])(
    'allows the listed calls and no other number (root launcher: %s)',
    (rootLauncher) => {
      const filter = filterOf([], rootLauncher);
      const special = new Set(
        ['ioctl', 'socket', 'connect', 'socketpair', 'clone', 'fcntl', 'clone3'].map(numberOf),
      );
      const allowed = new Set([...kernelCalls.values(), ...(rootLauncher ? setprivCalls.values() : [])]);
      for (let nr = 0; nr < 1024; nr++) {
        if (special.has(nr)) continue;
        expect([nr, run(filter, nr)]).toEqual([nr, allowed.has(nr) ? ALLOW : EPERM]);
      }
    },
  );

  test('allows all that a kernel was seen to call', () => {
    const filter = filterOf();
    for (const name of observed) expect([name, run(filter, numberOf(name))]).toEqual([name, ALLOW]);
  });

  test.each([
    'unshare',
    'setns',
    'mount',
    'umount2',
    'pivot_root',
    'chroot',
    'bpf',
    'keyctl',
    'add_key',
    'perf_event_open',
    'io_uring_setup',
    'userfaultfd',
    'init_module',
    'finit_module',
    'kexec_load',
    'setuid',
    'setgroups',
    'capset',
    'process_vm_writev',
    'open_by_handle_at',
    'pidfd_getfd',
    'fsopen',
    'move_mount',
  ])('refuses %s', (name) => {
    expect(run(filterOf(), numberOf(name))).toBe(EPERM);
  });

  test('refuses other architectures, x32 numbers and negative numbers', () => {
    for (const arch of [0x40000003, 0xc00000b7, 0])
      expect(run(filterOf(), numberOf('read'), [], arch)).toBe(EPERM);
    for (const nr of [0x40000000, 0x40000001, 0xffffffff]) expect(run(filterOf(), nr)).toBe(EPERM);
  });

  test('allows the socket families asked for', () => {
    const socket = numberOf('socket');
    for (const family of [0, 1, 2, 10, 16, 17, 40]) {
      expect(run(filterOf(), socket, [family, 2])).toBe(family === 1 ? ALLOW : EPERM);
      expect(run(filterOf([], false, false, 'none'), socket, [family, 2])).toBe(EPERM);
      expect(run(filterOf(['inet', 'packet']), socket, [family, 2])).toBe(
        [1, 2, 17].includes(family) ? ALLOW : EPERM,
      );
      expect(run(filterOf(['inet']), numberOf('socketpair'), [family, 1])).toBe(family === 1 ? ALLOW : EPERM);
    }
    // Of IP only UDP, whatever the flags; of packet sockets all types.
    for (const [type, verdict] of [
      [1, EPERM],
      [0x80002, ALLOW],
      [0x80001, EPERM],
      [3, EPERM],
      [5, EPERM],
      [2 ** 32 + 1, EPERM],
    ] as const) {
      for (const family of [2, 10])
        expect(run(filterOf(['inet', 'inet6', 'packet']), socket, [family, type])).toBe(verdict);
      expect(run(filterOf(['inet', 'inet6', 'packet']), socket, [17, type])).toBe(ALLOW);
    }
    // The kernel takes the family as an int: the upper half must not hide one.
    expect(run(filterOf(), socket, [2 ** 32 + 2, 2])).toBe(EPERM);
  });

  test('lets Unix sockets be opened and connected as far as asked for, also in pairs', () => {
    const [socket, pair, connect] = [numberOf('socket'), numberOf('socketpair'), numberOf('connect')];
    const [stream, datagram, raw, packets] = [1, 2, 3, 5];
    const of = (unix: FilterRequest['unix'], hostNetwork = false) => filterOf([], false, hostNetwork, unix);
    for (const flags of [0, 0x80000, 0x800, 0x80800]) {
      for (const type of [stream, datagram, raw, packets].map((type) => type | flags)) {
        expect(run(of('none'), socket, [1, type])).toBe(EPERM);
        expect(run(of('datagram'), socket, [1, type])).toBe(type === (datagram | flags) ? ALLOW : EPERM);
        expect(run(of('connect'), socket, [1, type])).toBe(ALLOW);
      }
      for (const unix of ['none', 'datagram', 'connect'] as const) {
        for (const type of [stream, packets]) expect(run(of(unix), pair, [1, type | flags])).toBe(ALLOW);
        // Such a pair could send to any path.
        for (const type of [datagram, raw]) expect(run(of(unix), pair, [1, type | flags])).toBe(EPERM);
      }
    }
    expect(run(of('none'), connect)).toBe(EPERM);
    expect(run(of('datagram'), connect)).toBe(EPERM);
    expect(run(of('connect'), connect)).toBe(ALLOW);
    expect(run(of('connect', true), connect)).toBe(EPERM);
  });

  test('lets nothing give a file a set-id bit', () => {
    const calls = { mkdir: 1, creat: 1, chmod: 1, fchmod: 1, mknod: 1, mkdirat: 2, mknodat: 2, fchmodat: 2 };
    const [O_CREAT, O_TMPFILE, O_RDWR] = [0o100, 0o20200000, 2];
    for (const mode of [0, 0o644, 0o1777, 0o100755]) {
      for (const [name, at] of Object.entries(calls))
        expect([name, run(filterOf(), numberOf(name), [...Array(at).fill(7), mode])]).toEqual([name, ALLOW]);
      for (const flags of [O_CREAT, O_TMPFILE | O_RDWR]) {
        expect(run(filterOf(), numberOf('open'), [7, flags, mode])).toBe(ALLOW);
        expect(run(filterOf(), numberOf('openat'), [7, 7, flags, mode])).toBe(ALLOW);
      }
    }
    for (const mode of [0o4755, 0o2755, 0o6000, 0o104755, 0o2770 + 2 ** 32]) {
      for (const [name, at] of Object.entries(calls))
        expect([name, run(filterOf(), numberOf(name), [...Array(at).fill(7), mode])]).toEqual([name, EPERM]);
      for (const flags of [O_CREAT, O_TMPFILE | O_RDWR, O_CREAT + 2 ** 32]) {
        expect(run(filterOf(), numberOf('open'), [7, flags, mode])).toBe(EPERM);
        expect(run(filterOf(), numberOf('openat'), [7, 7, flags, mode])).toBe(EPERM);
      }
      // What is not a mode there may be anything.
      expect(run(filterOf(), numberOf('openat'), [7, 7, O_RDWR, mode])).toBe(ALLOW);
    }
    // Their modes are elsewhere than in an argument that can be looked at.
    for (const name of ['openat2', 'fchmodat2', 'setxattr', 'fsetxattr', 'io_uring_enter'])
      expect([name, run(filterOf(), numbers.get(name) ?? 452)]).toEqual([name, EPERM]);
  });

  test('allows clone without new namespaces, and hides clone3', () => {
    const clone = numberOf('clone');
    expect(run(filterOf(), clone, [0x003d0f00])).toBe(ALLOW);
    for (const flag of [0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000])
      expect(run(filterOf(), clone, [flag | 17])).toBe(EPERM);
    expect(run(filterOf(), numberOf('clone3'))).toBe(38);
  });

  test('allows ioctls, but not those that type for others', () => {
    const ioctl = numberOf('ioctl');
    for (const request of [0x5401, 0x5413, 0x400454ca])
      expect(run(filterOf(), ioctl, [0, request])).toBe(ALLOW);
    for (const request of [0x5412, 0x541c, 0x5421, 0x5423, 2 ** 32 + 0x5412])
      expect(run(filterOf(), ioctl, [0, request])).toBe(EPERM);
  });

  test('in the network of the host, allows neither connect nor what asks for interfaces', () => {
    const [ioctl, connect] = [numberOf('ioctl'), numberOf('connect')];
    const filter = filterOf([], false, true, 'connect');
    expect(run(filterOf([], false, false, 'connect'), connect)).toBe(ALLOW);
    expect(run(filter, connect)).toBe(EPERM);
    for (const request of [0x88ff, 0x8a00, 0x5401, 0x400454ca, 0x800454d2])
      expect(run(filter, ioctl, [0, request])).toBe(ALLOW);
    for (const request of [0x8900, 0x8912, 0x8914, 0x8933, 0x89ff, 0x5412, 0x5423]) {
      expect(run(filter, ioctl, [0, request])).toBe(EPERM);
      expect(run(filter, ioctl, [0, 2 ** 32 + request])).toBe(EPERM);
    }
    expect(run(filterOf(), ioctl, [0, 0x8912])).toBe(ALLOW);
  });

  test('keeps a descriptor that is shared with the monitor from becoming a blocking one', () => {
    const fcntl = numberOf('fcntl');
    const [F_GETFL, F_SETFL, F_SETLK] = [3, 4, 6];
    for (const [command, flags] of [
      [F_GETFL, 0],
      [F_SETLK, 0],
      [F_SETFL, 0x800],
      [F_SETFL, 0x2802],
    ])
      expect(run(filterOf(), fcntl, [5, command ?? 0, flags ?? 0])).toBe(ALLOW);
    for (const flags of [0, 2, 0x2002, 2 ** 32, 2 ** 32 * 0x800])
      expect(run(filterOf(), fcntl, [5, F_SETFL, flags])).toBe(EPERM);
    expect(run(filterOf(), fcntl, [5, 2 ** 32 + F_SETFL, 0])).toBe(EPERM);
  });

  test('is refused for other architectures', () => {
    const request = {
      architecture: 'arm64',
      unix: 'none' as const,
      families: [],
      rootLauncher: false,
      hostNetwork: false,
    };
    expect(() => seccompFilter(request)).toThrow(expect.objectContaining({ code: 'JAIL_ARCHITECTURE' }));
  });
});

const probe = `
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#define SAY(name, call) do { errno = 0; long r = (call); printf(name " %s\\n", r >= 0 ? "ok" : errno == EPERM ? "EPERM" : errno == ENOSYS ? "ENOSYS" : "other"); } while (0)
int main(void) {
  SAY("inet", socket(AF_INET, SOCK_DGRAM, 0));
  SAY("tcp", socket(AF_INET, SOCK_STREAM, 0));
  SAY("unix", socket(AF_UNIX, SOCK_DGRAM, 0));
  SAY("unshare", unshare(CLONE_NEWUSER));
  SAY("clone", syscall(SYS_clone, CLONE_NEWUSER | 17, 0, 0, 0, 0));
  SAY("clone3", syscall(SYS_clone3, 0, 0));
  SAY("tiocsti", ioctl(0, TIOCSTI, "x"));
  SAY("mount", syscall(SYS_mount, 0, 0, 0, 0, 0));
  SAY("bpf", syscall(SYS_bpf, 0, 0, 0));
  int pid = fork();
  if (pid == 0) _exit(0);
  SAY("fork", pid);
  fflush(stdout);
  return 0;
}`;

describe('the filter, in the kernel of the host', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'umlmon-seccomp-'));
  beforeAll(() => {
    writeFileSync(join(scratch, 'probe.c'), probe);
    execFileSync('gcc', ['-static', '-o', 'probe', 'probe.c'], { cwd: scratch });
  });
  afterAll(() => rmSync(scratch, { recursive: true }));

  const runProbe = (families: FilterRequest['families']) => {
    writeFileSync(join(scratch, 'filter'), filterOf(families));
    const fd = openSync(join(scratch, 'filter'), 'r');
    const args = ['--unshare-user', '--ro-bind', scratch, '/', '--seccomp', '3', '--', '/probe'];
    const { stdout, stderr } = spawnSync('bwrap', args, {
      stdio: ['ignore', 'pipe', 'pipe', fd],
      encoding: 'utf8',
    });
    closeSync(fd);
    expect(stderr).toBe('');
    return stdout.trim().split('\n');
  };
  const others = [
    'unix ok',
    'unshare EPERM',
    'clone EPERM',
    'clone3 ENOSYS',
    'tiocsti EPERM',
    'mount EPERM',
    'bpf EPERM',
    'fork ok',
  ];

  test('keeps a program from all but Unix sockets, and from namespaces', () => {
    expect(runProbe([])).toEqual(['inet EPERM', 'tcp EPERM', ...others]);
  });

  test('lets it open the families asked for', () => {
    expect(runProbe(['inet'])).toEqual(['inet ok', 'tcp EPERM', ...others]);
  });
});
