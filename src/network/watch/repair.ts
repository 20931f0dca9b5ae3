/** Restores what a VM needs on the host after it was removed there. */
import { networkLimits } from '../../system/limits/limits.ts';
import { runCommands, runRules } from '../host/run-ip.ts';
import { withNetworkLockWhile } from '../network-lock.ts';
import type { NetworkPrograms } from '../network-programs.ts';
import type { RecordPlace } from '../network-record.ts';
import { writeSetting } from '../plan/kernel-settings.ts';
import { type Drift, driftOf } from './drift.ts';
import { lookAtNeeded } from './found-network.ts';
import type { MakingStep, Need } from './needs.ts';

export interface Repaired {
  /** What was restored, as texts of its drifts. */
  readonly made: readonly string[];
  /** What still differs. */
  readonly left: readonly Drift[];
  /** Why something could not be restored; the first reason. */
  readonly failure: unknown;
}

/** One round for bridges, one for their ports, one for what needs the ports. */
const rounds = 3;

/**
 * Restores what is missing and may be made, under the lock, so that two monitors do not make the same network. The other
 * monitors wait, so it does not list the rules of other programs, which may be many.
 *
 * @param mayGoOn called before each step: whether the VM still runs
 * @throws UmlmonError NETWORK_COMMAND if the host cannot be inspected, or another monitor holds the lock for too long
 */
export async function repairNetwork(
  place: RecordPlace,
  programs: NetworkPrograms,
  needs: readonly Need[],
  mayGoOn: () => boolean,
): Promise<Repaired> {
  // Many monitors may repair at once, after one command has removed what they all need.
  const wait = { waitMs: networkLimits.repairWait, pollMs: networkLimits.repairPoll };
  const work = async (lock: number) => {
    const made = new Set<string>();
    const failed = new Set<Need>();
    let failure: unknown;
    const look = async () => driftOf(needs, await lookAtNeeded(programs, needs, 'own'));
    let left = await look();
    for (let round = 0; round < rounds; round++) {
      const now = left.filter(({ need, isMakeable }) => isMakeable && !failed.has(need));
      if (now.length === 0 || !mayGoOn()) break;
      for (const { need, text } of now) {
        if (!mayGoOn()) break;
        try {
          for (const step of need.make) await make(step, programs, lock);
          made.add(text);
        } catch (error) {
          failed.add(need);
          failure ??= error;
        }
      }
      left = await look();
    }
    const still = new Set(left.map(({ text }) => text));
    return { made: [...made].filter((text) => !still.has(text)), left, failure };
  };
  const done = await withNetworkLockWhile(place, mayGoOn, work, wait);
  return done?.result ?? { made: [], left: [], failure: undefined };
}

async function make(step: MakingStep, { ip, bridge, nft }: NetworkPrograms, lock: number): Promise<void> {
  if ('setting' in step) writeSetting(step.setting);
  else if ('ip' in step) await runCommands({ program: ip, lock }, step.ip);
  else if ('bridge' in step) await runCommands({ program: bridge, lock }, step.bridge);
  else if (nft !== undefined) await runRules({ program: nft, lock }, step.rules);
}
