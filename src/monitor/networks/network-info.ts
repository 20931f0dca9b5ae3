import type { VmConfig } from '../../config/config.ts';
import type { VmLayout } from '../../jail/layout.ts';
import { guestCommands, guestName, withOneDefault } from '../../network/plan/guest-commands.ts';
import { hostInterfaceName, type InterfacePlan } from '../../network/plan/interface-plan.ts';
import { lookAtLink, noTraffic } from '../../network/plan/link.ts';
import type { NetworkInfo } from '../../rpc/umlmonctrl.gen.ts';
import type { Interface } from './networks.ts';

const unknownLink = { link: 'unknown', ...noTraffic } as const;

/** The interfaces of a VM: those that it has if it runs, else as the configuration says. */
export function networkInfos(
  { eth }: VmConfig,
  layout: Pick<VmLayout, 'home'>,
  there: readonly Interface[] | undefined,
): NetworkInfo[] {
  return withOneDefault(there ? there.map(infoOf) : configuredInfos(eth, layout));
}

function configuredInfos(eth: VmConfig['eth'], layout: Pick<VmLayout, 'home'>): NetworkInfo[] {
  return eth.map((spec) => ({
    unit: spec.unit,
    kind: spec.kind,
    guestInterface: guestName(spec.unit),
    hostInterface: hostInterfaceName(layout, spec),
    mac: spec.mac ?? '',
    ...unknownLink,
    guestCommands: guestCommands(spec, guestName(spec.unit)),
    plugged: false,
    settled: true,
  }));
}

function infoOf({ plan, plugged, settled }: Interface): NetworkInfo {
  return {
    unit: plan.unit,
    kind: plan.kind,
    guestInterface: plan.guest,
    hostInterface: plan.name,
    mac: plan.mac,
    ...linkOf(plan),
    guestCommands: plan.guestCommands,
    plugged,
    settled,
  };
}

function linkOf({ needs, name }: InterfacePlan): Pick<NetworkInfo, keyof typeof unknownLink> {
  if (needs.tap === undefined) return unknownLink;
  const { link, traffic } = lookAtLink(name);
  return { link, ...traffic };
}
