/** Makes again what a VM needs on the host, and what was wiped there. */
import type { NetworkPrograms } from '../configure.ts';
import { runHostCommand } from '../host/run-network-program.ts';
import { inTurnLater, type RecordPlace } from '../network-record.ts';
import { writeSetting } from '../plan/kernel-settings.ts';
import { type Drift, driftOf } from './drift.ts';
import { lookAtNeeded } from './found-network.ts';
import type { MakingStep, Need } from './needs.ts';

export interface Repaired {
  /** What was made again, in the words of its drift. */
  readonly made: readonly string[];
  /** What is not as it should be after all. */
  readonly left: readonly Drift[];
  /** Why something could not be made; the first reason. */
  readonly failure: unknown;
}

/** What rests on a bridge can be made when that is there: rounds for bridge, ports, and what rests on those. */
const rounds = 3;

/**
 * Makes again what is gone and may be made, one monitor at a time, so that two do not make one network. The others wait
 * meanwhile: it lists no rules of other programs, which may be many.
 *
 * @param mayGoOn asked before each step: whether the VM still runs
 * @throws UmlmonError NETWORK_COMMAND if the host cannot be looked at, or another monitor does not come to an end
 */
export async function repairNetwork(
  place: RecordPlace,
  programs: NetworkPrograms,
  needs: readonly Need[],
  mayGoOn: () => boolean,
): Promise<Repaired> {
  const done = await inTurnLater(place, mayGoOn, async (turn) => {
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
          for (const step of need.make) await take(step, programs, turn);
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
  });
  return done ?? { made: [], left: [], failure: undefined };
}

async function take(step: MakingStep, { ip, bridge, nft }: NetworkPrograms, turn: number): Promise<void> {
  if ('setting' in step) return writeSetting(step.setting);
  if ('rules' in step) {
    if (nft !== undefined) await runHostCommand({ program: nft, args: ['-f', '-'], input: step.rules, turn });
    return;
  }
  const [program, commands] = 'ip' in step ? [ip, step.ip] : [bridge, step.bridge];
  if (commands.length === 0) return;
  const input = commands.map((words) => `${words.join(' ')}\n`).join('');
  await runHostCommand({ program, args: ['-batch', '-'], input, turn });
}
