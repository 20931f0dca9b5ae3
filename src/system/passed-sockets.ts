import { setCloseOnExec } from './native/native.ts';

/** The first descriptor that a service manager passes (SD_LISTEN_FDS_START). */
const firstPassed = 3;
/** Most passed descriptors. */
const passedMax = 64;

type Environment = Record<string, string | undefined>;

/** Number of descriptors from 3 on that are passed to this process. */
export function passedCount(env: Readonly<Environment>, pid: number): number {
  return passedNames(env, pid).length;
}

/** The names of passed descriptors, from 3 on; empty if they are for another process. */
function passedNames(env: Readonly<Environment>, pid: number): readonly string[] {
  if (env.LISTEN_PID !== String(pid)) return [];
  const count = Number(env.LISTEN_FDS ?? '');
  if (!Number.isInteger(count) || count < 1 || count > passedMax) return [];
  const names = (env.LISTEN_FDNAMES ?? '').split(':');
  return Array.from({ length: count }, (_, i) => names[i] || 'unknown');
}

/**
 * Takes the sockets that the service manager passes, by their names (FileDescriptorName=): name → descriptor.
 * Children inherit neither the sockets nor their variables.
 */
export function takePassedSockets(env: Environment, pid: number): ReadonlyMap<string, number> {
  const names = passedNames(env, pid);
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete env[name];
  names.forEach((_, i) => {
    setCloseOnExec(firstPassed + i, true);
  });
  return new Map(names.map((name, i) => [name, firstPassed + i]));
}
