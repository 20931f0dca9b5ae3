/** Descriptors of the kernel: 0 to 2 are its own messages. Those of binds, from `binds` on, are gone when it starts. */
export const fds = { status: 3, seccomp: 4, line: 5, gate: 6, binds: 7 } as const;
