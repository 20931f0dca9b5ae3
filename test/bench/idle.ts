import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { World } from '../helpers/programs/world.ts';
import { type Figure, median } from './figure.ts';

/** V8 collects its garbage up to three times after the last activity, with pauses of 8 seconds. */
const settleMs = 36_000;
const idleMs = 10_000;
const budgetMiB = 15;

/** The cost of idle monitors: memory of each, and wake-ups, which must be zero. */
export async function measureIdle(world: World, monitors = 20): Promise<Figure[]> {
  const idle = Array.from({ length: monitors }, (_, i) => `idle${i + 1}`);
  const names = [...idle, 'busy'];
  // A guest that writes is not idle: what it has written at its boot would come to its disk half a minute later.
  world.configure(Object.fromEntries(names.map((name) => [name, 'ubd0 = /disks/root.dsk\nroot_mode = ro'])));
  world.addImage('busy');
  const pids = (await Promise.all(names.map((name) => world.startMonitor(name)))).map(({ pid = 0 }) => pid);
  const client = await world.client('busy');
  await client.call('start', undefined);
  client.close();

  await delay(settleMs);
  const before = pids.map(contextSwitches);
  await delay(idleMs);
  const wakeups = pids.map((pid, i) => newSwitches(before[i] ?? new Map(), contextSwitches(pid)));
  const memory = pids.map(pssMiB);
  for (const [i, text] of wakeups.map(inWords).entries())
    if (text) console.log(`${names[i]} woke up: ${text}`);
  const withoutVm = memory.slice(0, monitors);
  return [
    {
      name: `memory of each of ${monitors} idle monitors, PSS`,
      baseline: '',
      subject: `${median(withoutVm).toFixed(1)} MiB`,
      value: Math.max(...withoutVm),
      unit: 'MiB',
      budget: { atMost: budgetMiB },
    },
    {
      name: 'memory of a monitor with an idle guest, PSS',
      baseline: '',
      subject: `${memory[monitors]?.toFixed(1)} MiB`,
      value: memory[monitors] ?? Number.NaN,
      unit: 'MiB',
      budget: { atMost: budgetMiB },
    },
    wakeupFigure(`wake-ups of ${monitors} idle monitors in ${idleMs / 1000} s`, wakeups.slice(0, monitors)),
    wakeupFigure(`wake-ups of a monitor with an idle guest in ${idleMs / 1000} s`, wakeups.slice(monitors)),
  ];
}

/** Context switches by thread. */
type Switches = ReadonlyMap<string, number>;

function contextSwitches(pid: number): Switches {
  return new Map(
    readdirSync(`/proc/${pid}/task`).map((thread) => {
      const status = readFileSync(`/proc/${pid}/task/${thread}/status`, 'latin1');
      const counts = [...status.matchAll(/_ctxt_switches:\s*(\d+)/g)].map(([, count]) => Number(count));
      return [Number(thread) === pid ? 'main thread' : `thread ${thread}`, sum(counts)];
    }),
  );
}

function newSwitches(before: Switches, after: Switches): Switches {
  return new Map([...after].map(([thread, count]) => [thread, count - (before.get(thread) ?? 0)]));
}

function inWords(switches: Switches): string {
  return [...switches].flatMap(([thread, count]) => (count > 0 ? [`${thread} ${count}`] : [])).join(', ');
}

function wakeupFigure(name: string, wakeups: readonly Switches[]): Figure {
  const value = sum(wakeups.flatMap((switches) => [...switches.values()]));
  return { name, baseline: '', subject: `${value}`, value, unit: '', budget: { atMost: 0 } };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** The share of memory that would be free without the process: what it shares with others is divided among them. */
export function pssMiB(pid: number): number {
  const kib = /^Pss:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1];
  return Number(kib) / 1024;
}
