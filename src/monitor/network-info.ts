import type { VmConfig } from '../config/config.ts';
import { guestCommands, guestName } from '../network/interface-plan.ts';
import { lookAtLink } from '../network/link.ts';
import type { LaunchPlan } from '../plan/plan.ts';
import type { NetworkInfo } from '../rpc/umlmonctrl.gen.ts';

/** The interfaces of a VM: as they were planned if it runs, else as the configuration says. */
export function networkInfos({ eth }: VmConfig, plan: LaunchPlan | undefined): NetworkInfo[] {
  if (!plan)
    return eth.map((spec) => ({
      unit: spec.unit,
      kind: spec.kind,
      guestInterface: guestName(spec.unit),
      hostInterface: spec.proxy_if,
      mac: spec.mac ?? '',
      link: 'unknown',
      received: 0,
      sent: 0,
      guestCommands: guestCommands(spec, guestName(spec.unit)),
    }));
  const step = plan.steps.find((candidate) => candidate.do === 'configure-network');
  return (step?.interfaces ?? []).map(({ unit, kind, guest, name, mac = '', guestCommands: commands }) => ({
    unit,
    kind,
    guestInterface: guest,
    hostInterface: name,
    mac,
    ...lookAtLink(name),
    guestCommands: commands,
  }));
}
