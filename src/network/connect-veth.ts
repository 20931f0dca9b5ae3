/** Connects the network namespace of a jail to the host, before its kernel starts. */
import type { NetworkPrograms } from './configure.ts';
import { runCommands, runRules } from './host/run-ip.ts';
import { inTurn, type RecordPlace } from './network-record.ts';
import type { InterfacePlan } from './plan/interface-plan.ts';
import { writeSetting } from './plan/kernel-settings.ts';
import { theNamespace } from './plan/veth-plan.ts';

/**
 * Taken back with the rest of the VM's network, by `releaseNetwork`.
 *
 * @param jail a process in the namespace
 * @throws UmlmonError NETWORK_COMMAND
 */
export function connectLegs(
  place: RecordPlace,
  { ip, nft, nsenter }: NetworkPrograms,
  interfaces: readonly InterfacePlan[],
  jail: number,
): void {
  if (nft === undefined || nsenter === undefined) throw new Error('legs without the programs for them');
  const connected = interfaces.filter(({ leg }) => leg);
  const legs = connected.flatMap(({ leg }) => leg ?? []);
  const within = [nsenter, `--net=/proc/${jail}/ns/net`, '--'];
  inTurn(place, (turn) => {
    runCommands(
      { program: ip, turn },
      legs.flatMap(({ outside }) =>
        outside.map((words) => words.map((word) => (word === theNamespace ? String(jail) : word))),
      ),
    );
    for (const { rules } of connected.flatMap((one) => one.rules)) runRules({ program: nft, turn }, rules);
    for (const setting of legs.flatMap(({ settings }) => settings)) writeSetting(setting);
    runCommands(
      { program: ip, turn, within },
      legs.flatMap(({ inside }) => inside),
    );
    for (const { rulesInside } of legs)
      if (rulesInside !== '') runRules({ program: nft, turn, within }, rulesInside);
  });
}
