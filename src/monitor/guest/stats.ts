import { lookAtLink } from '../../network/plan/link.ts';
import type { GuestStats, NetworkStats } from '../../rpc/umlmonctrl.gen.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import { monitorLimits } from '../../system/limits/limits.ts';
import type { SharePeer } from '../../system/sharing/shares.ts';
import type { Interface } from '../networks/networks.ts';
import type { RunningKernel } from '../running-kernel.ts';
import { parseGuestStats, type StatsFile, statsFiles } from './guest-stats.ts';

/** They are read once for all callers, and so use no share. */
const theStatistics: SharePeer = { key: 'statistics', isOwner: true };

/** Reads the statistics of a guest on request; requests soon after get the same ones. */
export class Stats {
  #kernel: RunningKernel | undefined;
  #read: Promise<GuestStats> | undefined;
  #readAt = Number.NEGATIVE_INFINITY;

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

/** Counted by the host: the kernel of the guest cannot read its own figures. */
function networkStats(interfaces: readonly Interface[]): NetworkStats[] {
  return interfaces.flatMap(({ plan: { guest, name, needs } }) =>
    needs.tap === undefined ? [] : [{ name: guest, ...lookAtLink(name).traffic }],
  );
}

async function read(kernel: RunningKernel): Promise<GuestStats> {
  const files = { loadavg: '', uptime: '', stat: '', meminfo: '', diskstats: '' } satisfies Record<
    StatsFile,
    string
  >;
  for (const file of statsFiles) files[file] = (await kernel.ask(`proc ${file}`, theStatistics)).text;
  const stats = parseGuestStats(files, Date.now());
  if (stats) return { ...stats, networks: networkStats(kernel.networks.all) };
  throw new UmlmonError('GUEST_STATS', {
    place: 'proc',
    cause: 'the files of the guest do not have their usual form',
  });
}
