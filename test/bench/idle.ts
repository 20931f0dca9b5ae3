import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { World } from '../helpers/world.ts';
import { type Figure, percentile } from './figure.ts';

const monitors = 20;
const settleMs = 3000;
const idleMs = 10_000;

interface ThreadCount {
  /** Thread number and name. */
  readonly thread: string;
  readonly switches: number;
}

/** What monitors cost while nothing happens: memory of each, and wake-ups, which must be none. */
export async function measureIdle(world: World, pids: readonly number[], what: string): Promise<Figure[]> {
  await delay(settleMs);
  const before = pids.map(contextSwitches);
  await delay(idleMs);
  const after = pids.map(contextSwitches);
  const wakeups = pids.map((_, i) => difference(before[i] ?? [], after[i] ?? []));
  const largest = Math.max(...pids.map(pssBytes)) / 1024 ** 2;
  for (const [i, pid] of pids.entries()) {
    const culprits = (wakeups[i] ?? []).filter(({ switches }) => switches > 0);
    if (culprits.length) console.log(`${pid}: ${culprits.map(({ thread, switches }) => `${thread} ${switches}`).join(', ')}`);
    if (i===0) console.log(pid, pssBytes(pid)/1e6);
  }
  return [];
}

function contextSwitches(pid: number): ThreadCount[] {
  return readdirSync(`/proc/${pid}/task`).map((tid) => {
    const status = readFileSync(`/proc/${pid}/task/${tid}/status`, 'latin1');
    const name = /^Name:\s*(.*)$/m.exec(status)?.[1] ?? '';
    const counts = [...status.matchAll(/_ctxt_switches:\s*(\d+)/g)].map(([, count]) => Number(count));
    return { thread: `${tid} ${name}`, switches: counts.reduce((sum, count) => sum + count, 0) };
  });
}

function difference(before: readonly ThreadCount[], after: readonly ThreadCount[]): ThreadCount[] {
  const earlier = new Map(before.map(({ thread, switches }) => [thread, switches]));
  return after.map(({ thread, switches }) => ({ thread, switches: switches - (earlier.get(thread) ?? 0) }));
}

function pssBytes(pid: number): number {
  const kib = /^Pss:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1];
  return Number(kib) * 1024;
}
