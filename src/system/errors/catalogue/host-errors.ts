/** Errors of the host that a VM runs on (system/, plan/checks/). */
export const hostErrors = {
  HOST_MEMORY: { class: 'host', means: 'The host has too little free memory for the VM.' },
  HOST_LIMIT: { class: 'host', means: 'A hard resource limit (ulimit -H) is too low for the VM.' },
  HOST_CORES: { class: 'config', means: 'The host has no such processor core.' },
  HOST_CGROUP: { class: 'host', means: 'Configured resource limits are not enforced on this host.' },
  HOST_NAMESPACES: { class: 'host', means: 'The host does not allow this user to create a jail.' },
  HOST_MOUNT: {
    class: 'host',
    means: 'A mount option (noexec, nodev, ro) prevents a use of a file that the VM needs.',
  },
  HOST_COMMAND: { class: 'host', means: 'A program of the host failed or is missing.' },
  HOST_PROGRAM_MISSING: { class: 'host', means: 'A program that umlmon needs is not installed.' },
  HOST_FILE: { class: 'host', means: 'A file of umlmon cannot be read or written.' },
  HOST_LOG: { class: 'host', means: 'A log cannot be written. The VM continues without it.' },
  HOST_LOG_UNTRUSTED: {
    class: 'host',
    means: 'SIGUSR1 does not reopen a log in a directory that other users can write to.',
  },
  HOST_SYSTEM_CALL: { class: 'host', means: 'A system call of the host failed.' },
} as const;
