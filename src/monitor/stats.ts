import type { GuestStats } from '../rpc/umlmonctrl.gen.ts';
import { UmlmonError } from '../system/errors.ts';
import { monitorLimits } from '../system/limits.ts';
import { parseGuestStats, type StatsFile, statsFiles } from './guest-stats.ts';
import type { RunningKernel } from './running-kernel.ts';

/** Reads the statistics of a guest when somebody asks; who asks soon after is given the same. */
export class Stats {
  #kernel: RunningKernel | undefined;
  #read: Promise<GuestStats> | undefined;
  #readAt = 0;

  /** Errors: MCONSOLE_*, GUEST_STATS. */
  of(kernel: RunningKernel): Promise<GuestStats> {
    const isFresh = performance.now() - this.#readAt < monitorLimits.statsAge;
    if (this.#read && this.#kernel === kernel && isFresh) return this.#read;
    this.#kernel = kernel;
    this.#readAt = performance.now();
    this.#read = read(kernel);
    return this.#read;
  }
}

async function read(kernel: RunningKernel): Promise<GuestStats> {
  const files = { loadavg: '', uptime: '', stat: '', meminfo: '', diskstats: '' } satisfies Record<
    StatsFile,
    string
  >;
  for (const file of statsFiles) files[file] = (await kernel.ask(`proc ${file}`)).text;
  const stats = parseGuestStats(files, Date.now());
  if (stats) return stats;
  throw new UmlmonError('GUEST_STATS', {
    place: 'proc',
    cause: 'the files of the guest do not have their usual form',
  });
}
