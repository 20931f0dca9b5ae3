/** Connects the network namespace of a jail to the host, before its kernel starts. */
import { runCommands, runRules } from './host/run-ip.ts';
import { withNetworkLock } from './network-lock.ts';
import type { NetworkPrograms } from './network-programs.ts';
import type { RecordPlace } from './network-record.ts';
import type { InterfacePlan } from './plan/interface-plan.ts';
import { writeSetting } from './plan/kernel-settings.ts';
import { theNamespace } from './plan/veth-plan.ts';

/**
 * Makes the veth pairs of a VM. `releaseNetwork` removes them with the rest of its network.
 *
 * @param jail a process in the namespace
 * @throws UmlmonError NETWORK_COMMAND
 */
export async function connectVeths(
  place: RecordPlace,
  { ip, nft, nsenter }: NetworkPrograms,
  interfaces: readonly InterfacePlan[],
  jail: number,
): Promise<void> {
  if (nft === undefined || nsenter === undefined) throw new Error('veth pairs without the programs for them');
  const connected = interfaces.filter(({ leg }) => leg);
  const legs = connected.flatMap(({ leg }) => leg ?? []);
  const within = [nsenter, `--net=/proc/${jail}/ns/net`, '--'];
  await withNetworkLock(place, async (lock) => {
    await runCommands(
      { program: ip, lock },
      legs.flatMap(({ outside }) =>
        outside.map((words) => words.map((word) => (word === theNamespace ? String(jail) : word))),
      ),
    );
    for (const { rules } of connected.flatMap((one) => one.rules))
      await runRules({ program: nft, lock }, rules);
    for (const setting of legs.flatMap(({ settings }) => settings)) writeSetting(setting);
    await runCommands(
      { program: ip, lock, within },
      legs.flatMap(({ inside }) => inside),
    );
    for (const { rulesInside } of legs)
      if (rulesInside !== '') await runRules({ program: nft, lock, within }, rulesInside);
  });
}
