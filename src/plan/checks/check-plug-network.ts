/** Whether an interface can be given to a kernel that runs: what a start would check, and what its jail has. Pure. */
import type { VmConfig } from '../../config/config.ts';
import type { AtUnit } from '../../config/keys/key.ts';
import type { NetworkSpec } from '../../config/networks/kinds.ts';
import type { Refusal } from '../../config/problem.ts';
import type { VmLayout } from '../../jail/layout.ts';
import type { NetworkPrograms } from '../../network/network-programs.ts';
import { aliasOf, type InterfacePlan } from '../../network/plan/interface-plan.ts';
import { networkPlan } from '../build-plan.ts';
import type { Inventory } from '../facts/inventory.ts';
import type { LaunchPlan } from '../plan.ts';
import { stepOf } from '../step-of.ts';
import { checkNetwork } from './check-network.ts';

export interface PlugRequest {
  /** With the interface as its only one. */
  readonly vm: VmConfig;
  readonly spec: AtUnit<NetworkSpec>;
  readonly layout: VmLayout;
  /** As an inventory for that VM has found it. */
  readonly host: Inventory;
  /** The plan of the kernel, and the interfaces that it has now. */
  readonly running: LaunchPlan;
  readonly there: readonly InterfacePlan[];
}

export function planPlugNetwork({
  vm,
  spec,
  layout,
  host,
  running,
  there,
}: PlugRequest): { plan: InterfacePlan; programs: NetworkPrograms } | Refusal {
  // Other taps of the VM are in use; one of this number is left over, and will be replaced.
  const isLeft = (alias: string) => alias === aliasOf(layout, spec.unit);
  const [why] = checkNetwork(layout, spec, host, isLeft);
  if (why) return why;
  if ('missing' in host.kernel || 'missing' in host.user)
    throw new Error('a fact is missing, but no problem was reported');
  const step = networkPlan(vm, layout, host, { uid: running.user.uid, kernel: host.kernel.found });
  const [plan] = step?.interfaces ?? [];
  if (!step || !plan) throw new Error(`eth${spec.unit} has no plan`);
  const user = there.find(({ name }) => name !== '' && name === plan.name);
  if (user) {
    const cause = `eth${user.unit} of the VM already has the interface ${plan.name}`;
    return { code: 'NETWORK_IN_USE', cause, hint: 'choose another interface name' };
  }
  return lackOf(running, plan) ?? { plan, programs: step.programs };
}

/** Network, devices and filter of a jail were made at its start, for the interfaces of then. */
function lackOf(running: LaunchPlan, { kind, needs }: InterfacePlan): Refusal | undefined {
  const { sandbox } = running;
  const { unix, families, hostNetwork } = stepOf(running, 'launch').filter;
  const lack = (what: string): Refusal => ({
    code: 'NETWORK_PRIVILEGE',
    cause: `the jail was started without ${what}, which ${kind} needs`,
    hint: 'add the interface to the configuration and restart the VM: then more of its kind can be plugged',
  });
  if (!running.steps.some((step) => step.do === 'configure-network')) return lack('a network');
  if (needs.capabilities.length > 0) return lack(needs.capabilities.join(', '));
  if (needs.descriptor !== undefined) return lack(`the descriptor ${needs.descriptor}`);
  if (needs.network === 'host' && sandbox.network !== 'host') return lack('the network of the host');
  if (needs.devices.some((path) => !sandbox.binds.some(({ to }) => path === to || path.startsWith(`${to}/`))))
    return lack(needs.devices.join(', '));
  const family = needs.socketFamilies.find(
    (name) => name !== 'AF_UNIX' && !families.some((known) => `AF_${known.toUpperCase()}` === name),
  );
  if (family !== undefined) return lack(`the right to sockets of ${family}`);
  // In the network of the host there are sockets of others without a file.
  return needs.socketFamilies.includes('AF_UNIX') && (hostNetwork || unix !== 'connect')
    ? lack('the right to connect to a socket')
    : undefined;
}
