import { internal, KiB, limit, MiB } from './limit.ts';

export const service = {
  commandOutput: limit(
    MiB,
    'bytes',
    'Output of a host program where no other limit is named.',
    'The program is killed; the call fails.',
    'one',
  ),
  commandWords: internal(500, 'characters', 'Error message of a failed host program; the rest is cut.'),
  commandPlace: internal(300, 'characters', 'Command line in such an error; the rest is cut.'),
  statusText: internal(256, 'characters', 'Text for a service manager; the rest is cut.'),
  retry: internal(100, 'ms', 'Pause while the queue of a service manager is full.'),
  strays: limit(
    20,
    '',
    'Uncaught failures of host calls within strayTime.',
    'The daemon exits; the guest runs on.',
    'one',
  ),
  strayTime: limit(60_000, 'ms', 'Time in which these are counted.', 'Older ones do not count.'),
  readyWait: limit(60_000, 'ms', 'Wait of a unit for its guest.', 'The unit is up; its status says more.'),
  ownTasks: limit(64, '', 'Tasks of a unit beyond max_processes.', 'fork(2) fails.', 'one'),
  memoryBase: limit(
    192 * MiB,
    'bytes',
    'Memory of a unit beyond mem, with memory_max = auto.',
    'The host kills the kernel of the VM.',
    'one',
  ),
  memoryPerProcess: limit(
    96 * KiB,
    'bytes',
    'The same for each of max_processes.',
    'The host kills the kernel of the VM.',
    'one',
  ),
  stopReserve: limit(15_000, 'ms', 'Stop of a unit beyond stop_timeout.', 'systemd kills the monitor.'),
  idleCollection: internal(2_000, 'ms', 'Idle time before garbage is collected.'),
} as const;
