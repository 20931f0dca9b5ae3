import { internal, limit, MiB } from './limit.ts';

export const jail = {
  pauseWait: limit(
    5_000,
    'ms',
    'Pause of all threads of a kernel.',
    'The kernel continues; the backup fails.',
  ),
  orphanWait: limit(2_000, 'ms', 'Exit of a sandbox with its kernel.', 'A warning.'),
  launchDeadline: limit(30_000, 'ms', 'Sandbox setup; usually 15 ms.', 'The start fails and is undone.'),
  mountWait: limit(10_000, 'ms', 'Mounts of a jail; usually 5 ms.', 'The start fails and is undone.'),
  mountDifferences: internal(8, '', 'Wrong mounts named in an error.'),
  trialTime: internal(
    10_000,
    'ms',
    'Trial whether jails can be created; after it, a start assumes they can.',
  ),
  launchWords: limit(
    1000,
    'characters',
    'Output of a failed sandbox in an error.',
    'The start of it is cut.',
  ),
  accountTime: limit(10_000, 'ms', 'Lookup of users and groups (getent).', 'The lookup fails.'),
  stackBytes: internal(8 * MiB, 'bytes', 'Stack of a kernel (RLIMIT_STACK).'),
  leastSignals: limit(64, '', 'Pending signals that a VM needs.', 'HOST_LIMIT.', 'one'),
  leastFiles: limit(64, '', 'Open files that a VM needs.', 'HOST_LIMIT.', 'one'),
  statusBytes: internal(4096, 'bytes', 'Status that the sandbox reports; usually 100 bytes.'),
} as const;
