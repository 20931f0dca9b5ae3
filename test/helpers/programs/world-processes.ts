/** The processes of a world, also those that no test has a handle of: a wrapped monitor, or a kernel without a monitor. */
import { closeSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { openProcess, processIdentity, signalProcess } from '../../../src/system/native/process.ts';

const lookMs = 50;
/** A monitor stops its guest first. */
const monitorPatienceMs = 30_000;
const killPatienceMs = 20_000;

/**
 * Ends every process that names the directory on its command line, or has a file in it open: monitors by SIGTERM, then what
 * is left by SIGKILL. Rejects with what still lives.
 */
export async function endProcessesOf(directory: string): Promise<void> {
  const monitors = () => processesOf(directory).filter((pid) => /\/umlmon\.cjs\0/.test(commandLine(pid)));
  await endAll(monitors, 'SIGTERM', monitorPatienceMs);
  const left = await endAll(() => processesOf(directory), 'SIGKILL', killPatienceMs);
  if (left.length > 0)
    throw new Error(
      `processes of ${directory} do not end: ${left.map((pid) => `${pid} ${commandLine(pid).replaceAll('\0', ' ')}`).join('; ')}`,
    );
}

/** The same at once, without an orderly end of monitors. */
export function killProcessesOf(directory: string): void {
  for (const pid of processesOf(directory)) send(pid, 'SIGKILL');
}

/** The processes that name a directory on their command line, or have a file in it open; not this process. */
export function processesOf(directory: string): number[] {
  const inside = (path: string) => path === directory || path.startsWith(`${directory}/`);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .filter((pid) => {
      const words = commandLine(pid);
      // Kernel threads and zombies have none.
      if (words === '') return false;
      return words.includes(directory) || linksOf(pid).some(inside);
    });
}

/** Sends a signal once to each process that is found, until none is found or the time is over; returns who is left. */
async function endAll(
  find: () => readonly number[],
  signal: NodeJS.Signals,
  patienceMs: number,
): Promise<readonly number[]> {
  const signalled = new Set<number>();
  for (const deadline = performance.now() + patienceMs; ; await delay(lookMs)) {
    const found = find();
    for (const pid of found.filter((one) => !signalled.has(one))) {
      signalled.add(pid);
      send(pid, signal);
    }
    if (found.length === 0 || performance.now() > deadline) return found;
  }
}

/** By pidfd: the number alone may be that of another process by now. */
function send(pid: number, signal: NodeJS.Signals): void {
  const identity = processIdentity(pid);
  const pidfd = identity && openProcess(identity);
  if (pidfd === undefined) return;
  try {
    signalProcess(pidfd, signal);
  } finally {
    closeSync(pidfd);
  }
}

function commandLine(pid: number): string {
  return attempt(() => readFileSync(`/proc/${pid}/cmdline`, 'latin1')) ?? '';
}

/** What its descriptors and its working directory are. */
function linksOf(pid: number): string[] {
  const names = attempt(() => readdirSync(`/proc/${pid}/fd`)) ?? [];
  return ['cwd', ...names.map((name) => `fd/${name}`)].flatMap(
    (name) => attempt(() => readlinkSync(`/proc/${pid}/${name}`)) ?? [],
  );
}

/** Undefined if the process has ended meanwhile. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
