/** What a daemon and the service manager of its host say to each other: sd_notify(3), sd_listen_fds(3). */
import { closeSync } from 'node:fs';
import { openDatagram, sendDatagram, setCloseOnExec } from './native.ts';

/** The first descriptor that a service manager passes (SD_LISTEN_FDS_START). */
const firstPassed = 3;
/** More are none that we would know. */
const passedMax = 64;

type Environment = Record<string, string | undefined>;

/**
 * Tells the service manager, if there is one, lines such as `READY=1` or `STATUS=…`. That it cannot be told is no reason
 * to end.
 *
 * @returns whether somebody was told
 */
export function notifyManager(env: Environment, ...lines: readonly string[]): boolean {
  const path = env.NOTIFY_SOCKET;
  if (!path || !/^[/@]/.test(path)) return false;
  try {
    const fd = openDatagram('');
    try {
      sendDatagram(fd, Buffer.from(lines.join('\n')), path.replace(/^@/, '\0'));
    } finally {
      closeSync(fd);
    }
    return true;
  } catch {
    return false;
  }
}

/** Milliseconds within which the manager wants to hear `WATCHDOG=1`; 0 = never. */
export function watchdogTime(env: Environment, pid: number): number {
  if (env.WATCHDOG_PID && env.WATCHDOG_PID !== String(pid)) return 0;
  const microseconds = Number(env.WATCHDOG_USEC ?? '');
  return microseconds >= 1000 ? Math.floor(microseconds / 1000) : 0;
}

/** Tells the manager that we live, twice as often as it wants to hear it. Ends with the process. */
export function keepWatchdog(env: Environment, pid: number): void {
  const time = watchdogTime(env, pid);
  if (time > 0) setInterval(() => notifyManager(env, 'WATCHDOG=1'), Math.max(1, time / 2)).unref();
}

/** The names of passed descriptors, from 3 on; none if they are for another process. */
export function passedNames(env: Environment, pid: number): readonly string[] {
  if (env.LISTEN_PID !== String(pid)) return [];
  const count = Number(env.LISTEN_FDS ?? '');
  if (!Number.isInteger(count) || count < 1 || count > passedMax) return [];
  const names = (env.LISTEN_FDNAMES ?? '').split(':');
  return Array.from({ length: count }, (_, i) => names[i] || 'unknown');
}

/**
 * Takes the listening sockets that the service manager passes, by their names (FileDescriptorName=): name → descriptor.
 * Children do not inherit them, nor the variables that speak of them.
 */
export function takePassedSockets(env: Environment, pid: number): ReadonlyMap<string, number> {
  const names = passedNames(env, pid);
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete env[name];
  names.forEach((_, i) => {
    setCloseOnExec(firstPassed + i, true);
  });
  return new Map(names.map((name, i) => [name, firstPassed + i]));
}
