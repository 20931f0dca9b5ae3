import { setCloseOnExec } from './native/native.ts';

/** The first descriptor that a service manager passes (SD_LISTEN_FDS_START). */
const firstPassed = 3;
/** More are none that we would know. */
const passedMax = 64;

type Environment = Record<string, string | undefined>;

/** How many descriptors from 3 on are passed to this process. */
export function passedCount(env: Readonly<Environment>, pid: number): number {
  return passedNames(env, pid).length;
}

/** The names of passed descriptors, from 3 on; none if they are for another process. */
function passedNames(env: Readonly<Environment>, pid: number): readonly string[] {
  if (env.LISTEN_PID !== String(pid)) return [];
  const count = Number(env.LISTEN_FDS ?? '');
  if (!Number.isInteger(count) || count < 1 || count > passedMax) return [];
  const names = (env.LISTEN_FDNAMES ?? '').split(':');
  return Array.from({ length: count }, (_, i) => names[i] || 'unknown');
}

/**
 * Takes the sockets that the service manager passes, by their names (FileDescriptorName=): name → descriptor.
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
