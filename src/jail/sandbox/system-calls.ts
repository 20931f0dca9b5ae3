/** Numbers of the system calls that the filter lets pass: x86_64 (arch/x86/entry/syscalls/syscall_64.tbl). */

/** Whatever a UML kernel does with its disks, consoles, network, hostfs and processes, in both modes. */
export const kernelCalls = numbersOf(
  // Memory.
  `
    mmap 9, mprotect 10, munmap 11, brk 12, mremap 25, madvise 28, memfd_create 319
  `,
  // Files: images, libraries, the running kernel.
  `
    read 0, write 1, open 2, close 3, stat 4, fstat 5, lstat 6, lseek 8, pread64 17, pwrite64 18,
    readv 19, writev 20, access 21, dup 32, dup2 33, fsync 74, fdatasync 75, ftruncate 77,
    getcwd 79, chdir 80, mkdir 83, rmdir 84, unlink 87, readlink 89, statfs 137, fstatfs 138,
    getdents64 217, openat 257, newfstatat 262, readlinkat 267, fallocate 285, dup3 292, preadv 295,
    pwritev 296, statx 332, close_range 436, faccessat2 439
  `,
  // What a guest does in a hostfs that it has mounted.
  `
    truncate 76, rename 82, creat 85, link 86, symlink 88, chmod 90, fchmod 91, chown 92, fchown 93,
    lchown 94, mknod 133, utimes 235, mkdirat 258, mknodat 259, fchownat 260, unlinkat 263,
    renameat 264, linkat 265, symlinkat 266, fchmodat 268, faccessat 269, utimensat 280,
    renameat2 316
  `,
  // Waiting.
  `
    poll 7, pipe 22, epoll_create 213, epoll_wait 232, epoll_ctl 233, ppoll 271, epoll_pwait 281,
    signalfd4 289, eventfd2 290, epoll_create1 291, pipe2 293
  `,
  // Signals.
  `
    rt_sigaction 13, rt_sigprocmask 14, rt_sigreturn 15, kill 62, rt_sigsuspend 130,
    sigaltstack 131, tkill 200, restart_syscall 219, tgkill 234
  `,
  // Clocks and timers.
  `
    nanosleep 35, getitimer 36, alarm 37, setitimer 38, gettimeofday 96, timer_create 222, timer_settime 223,
    timer_gettime 224, timer_delete 226, clock_gettime 228, clock_getres 229, clock_nanosleep 230
  `,
  // Processes: guest programs, the restart of the kernel, its own filter.
  `
    sched_yield 24, getpid 39, vfork 58, execve 59, exit 60, wait4 61, uname 63, ptrace 101,
    getuid 102, getgid 104, geteuid 107, getegid 108, getppid 110, getpgrp 111, setsid 112,
    personality 135, prctl 157, arch_prctl 158, gettid 186, futex 202, set_tid_address 218, exit_group 231,
    waitid 247, set_robust_list 273, prlimit64 302, seccomp 317, getrandom 318, execveat 322,
    rseq 334
  `,
  // Sockets; family and type decide whether one can be opened and connected.
  `
    connect 42, sendto 44, recvfrom 45, sendmsg 46, recvmsg 47, shutdown 48, bind 49,
    getsockname 51, setsockopt 54, getsockopt 55, recvmmsg 299, sendmmsg 307
  `,
);

/** What setpriv(1) does beside. */
export const setprivCalls = numbersOf(`
    setgroups 116, setresuid 117, getresuid 118, setresgid 119, getresgid 120, capget 125, capset 126
`);

function numbersOf(...tables: readonly string[]): ReadonlyMap<string, number> {
  const entries = tables.join().matchAll(/(\w+) (\d+)/g);
  return new Map([...entries].map(([, name = '', number]) => [name, Number(number)]));
}
