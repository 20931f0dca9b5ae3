/** How busy the host's cores are, and how many VMs each has. */
import { readFileSync } from 'node:fs';
import { countClaims } from './core-claims.ts';
import type { CoreLoad } from './cores.ts';

interface Ticks {
  readonly busy: number;
  readonly all: number;
}

/** The last look of this process; load is what happened since. */
let lastLook = new Map<number, Ticks>();

/** The load of the cores that this process may use. The first look of a process finds all of them idle. */
export function lookAtCores(claimsDirectory: string, vm: string): CoreLoad[] {
  const allowed = allowedCores();
  const claims = countClaims(claimsDirectory, vm);
  const look = parseTicks(readFileSync('/proc/stat', 'latin1'));
  const before = lastLook;
  lastLook = look;
  return allowed.map((core) => ({
    core,
    vms: claims.get(core) ?? 0,
    busy: busyShare(before.get(core), look.get(core)),
  }));
}

/** The cores that this process may use now. */
export function allowedCores(): number[] {
  const status = readFileSync('/proc/self/status', 'latin1');
  return parseCoreList(/^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? '0');
}

/** Numbers of a list in the notation of the host kernel: `0,2-3` (cpuset(7), List format). */
export function parseCoreList(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [first = Number.NaN, last = first] = part.split('-').map(Number);
    return first <= last ? Array.from({ length: last - first + 1 }, (_, i) => first + i) : [];
  });
}

/** The lines `cpuN` of proc_stat(5); busy is all but idle and iowait. */
export function parseTicks(stat: string): Map<number, Ticks> {
  const ticks = new Map<number, Ticks>();
  for (const [, core, fields = ''] of stat.matchAll(/^cpu(\d+) (.*)$/gm)) {
    const values = fields.split(' ').slice(0, 8).map(Number);
    const all = values.reduce((sum, value) => sum + value, 0);
    ticks.set(Number(core), { busy: all - (values[3] ?? 0) - (values[4] ?? 0), all });
  }
  return ticks;
}

function busyShare(before: Ticks | undefined, now: Ticks | undefined): number {
  if (!before || !now || now.all <= before.all) return 0;
  return (now.busy - before.busy) / (now.all - before.all);
}
