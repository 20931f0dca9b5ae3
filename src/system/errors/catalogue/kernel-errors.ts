/** Errors of UML kernels and their management console (kernel/). */
export const kernelErrors = {
  KERNEL_MISSING: { class: 'config', means: 'The kernel does not exist or cannot be read.' },
  KERNEL_ACCESS: { class: 'config', means: 'The user of the VM cannot reach the kernel.' },
  KERNEL_NOT_ELF: { class: 'config', means: 'The file is not a 64-bit ELF program.' },
  KERNEL_NOT_UML: { class: 'config', means: 'The program is not a User Mode Linux kernel.' },
  KERNEL_MACHINE: { class: 'config', means: 'The kernel is built for another processor architecture.' },
  KERNEL_TOO_OLD: { class: 'host', means: 'The kernel is too old for the processor of this host.' },
  KERNEL_LIBRARY_MISSING: { class: 'host', means: 'A library that the kernel needs is missing.' },
  KERNEL_FORGED: {
    class: 'failed',
    means: 'Another process sent a message that only the kernel of the VM may send. It was dropped.',
  },
  KERNEL_INCOMPATIBLE: { class: 'config', means: 'The kernel cannot run on this host.' },
  KERNEL_ARGUMENT: { class: 'config', means: 'A value cannot be written on the kernel command line.' },
  KERNEL_COMMAND_LINE_TOO_LONG: { class: 'config', means: 'The kernel command line is too long.' },

  MCONSOLE_COMMAND: { class: 'usage', means: 'The management console of the kernel has no such command.' },
  MCONSOLE_DOWN: { class: 'unreachable', means: 'The management console of the kernel is unreachable.' },
  MCONSOLE_TIMEOUT: { class: 'failed', means: 'The kernel did not answer in time.' },
  MCONSOLE_REFUSED: { class: 'failed', means: 'The kernel answered with an error.' },
  MCONSOLE_DEVICE_OPEN: { class: 'state', means: 'The guest has the device open.' },
  MCONSOLE_BUSY: {
    class: 'state',
    means: 'Too many commands are waiting for the management console of the kernel.',
  },
} as const;
