/** What is known of one host core when a VM is placed. */
export interface CoreLoad {
  readonly core: number;
  /** Other VMs that are pinned to it. */
  readonly vms: number;
  /** Share of the time since the last look that it was busy, 0 to 1. */
  readonly busy: number;
}

/** Smaller differences of load are noise. */
const busySteps = 4;

/**
 * The core for a VM with `cpu = auto`: the one with the fewest VMs, then the least busy one. Among equals the name
 * decides where to start, so that VMs that start at the same moment spread out. One core per VM is the largest gain of
 * speed (twice the system calls per second). Kernel and guest processes never run at the same time anyway, and on one
 * core they switch without waking another core.
 */
export function chooseCore(cores: readonly CoreLoad[], vm: string): number | undefined {
  const first = [...vm].reduce((hash, letter) => (hash * 31 + letter.charCodeAt(0)) % 65_521, 7);
  const turn = (core: CoreLoad) =>
    (cores.indexOf(core) - (first % cores.length) + cores.length) % cores.length;
  const busy = (core: CoreLoad) => Math.round(core.busy * busySteps);
  return [...cores].sort((a, b) => a.vms - b.vms || busy(a) - busy(b) || turn(a) - turn(b))[0]?.core;
}
