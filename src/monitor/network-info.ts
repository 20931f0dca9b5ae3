import type { VmConfig } from '../config/config.ts';
import type { VmLayout } from '../jail/layout.ts';
import { guestCommands, guestName, hostName } from '../network/interface-plan.ts';
import { lookAtLink } from '../network/link.ts';
import type { LaunchPlan } from '../plan/plan.ts';
import type { NetworkInfo } from '../rpc/umlmonctrl.gen.ts';

const unknownLink = { link: 'unknown', received: 0, sent: 0 } as const;

/** The interfaces of a VM: as they were planned if it runs, else as the configuration says. */
export function networkInfos(
  { eth }: VmConfig,
  layout: Pick<VmLayout, 'runHome'>,
  plan: LaunchPlan | undefined,
): NetworkInfo[] {
  if (!plan)
    return eth.map((spec) => ({
      unit: spec.unit,
      kind: spec.kind,
      guestInterface: guestName(spec.unit),
      hostInterface: hostName(layout, spec),
      mac: spec.mac ?? '',
      ...unknownLink,
      guestCommands: guestCommands(spec, guestName(spec.unit)),
    }));
  const step = plan.steps.find((candidate) => candidate.do === 'configure-network');
  return (step?.interfaces ?? []).map(({ unit, kind, guest, name, mac, guestCommands: commands }) => ({
    unit,
    kind,
    guestInterface: guest,
    hostInterface: name,
    mac,
    ...(name === '' ? unknownLink : lookAtLink(name)),
    guestCommands: commands,
  }));
}
