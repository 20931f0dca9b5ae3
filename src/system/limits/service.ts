import { KiB, limit, MiB } from './limit.ts';

export const service = {
  statusText: limit(256, 'characters', 'One text for a service manager.', 'The rest is cut off.'),
  retry: limit(
    100,
    'ms',
    'Time until a service manager whose queue is full is told again.',
    'It is told everything that has changed until then, at once.',
  ),
  strays: limit(
    20,
    '',
    'Failed calls to the host that no caller takes the error of, within the time of the next line, after each of which a daemon serves on.',
    'The daemon ends, with the last one in its exit record. A guest runs on, and the next monitor takes it over.',
    'one',
  ),
  strayTime: limit(60_000, 'ms', 'Time in which those are counted.', 'Older ones do not count.'),
  readyWait: limit(
    60_000,
    'ms',
    'Time for which a service manager waits until the guest is ready.',
    'The service is up all the same, and its status says what the guest has not reached: neither the boot of the host nor the guest may hang on that.',
  ),
  ownTasks: limit(
    64,
    '',
    'Tasks of a service beside the **max_processes** of its VM: those of the monitor and of the programs that start the kernel.',
    'The host refuses a further one.',
    'one',
  ),
  memoryBase: limit(
    192 * MiB,
    'bytes',
    'Memory of a service beside that of its guest, with **memory_max** = auto: monitor (60 MiB, with what it maps), kernel, its first processes, and a backup or check of an image.',
    'The host frees what it can read again, and then kills the kernel of the VM.',
    'one',
  ),
  memoryPerProcess: limit(
    96 * KiB,
    'bytes',
    'The same for each of **max_processes**: a process of a guest is one of the host, with page tables and a stack in its kernel.',
    'As above.',
    'one',
  ),
  stopReserve: limit(
    15_000,
    'ms',
    'Time that a service manager gives to the end of a monitor beside **stop_timeout**: halt, kill, and what is synced.',
    'It kills the monitor; the guest is then without one.',
  ),
} as const;
