/** Descriptors of the kernel: 0 to 2 are its own messages. Those from `init` on are gone when it starts. */
export const fds = { status: 3, seccomp: 4, line: 5, gate: 6, init: 7, binds: 8 } as const;
