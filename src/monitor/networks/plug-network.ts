import type { Answer } from '../../kernel/mconsole.ts';
import type { NetworkPrograms } from '../../network/network-programs.ts';
import type { InterfacePlan } from '../../network/plan/interface-plan.ts';
import { toFailure, UmlmonError } from '../../system/errors/errors.ts';
import { requestPatiently } from '../guest/patient-request.ts';
import type { Interface, Networks } from './networks.ts';

/** An interface that may be plugged, and what sets up its end on the host. */
export interface PreparedInterface {
  readonly plan: InterfacePlan;
  readonly programs: NetworkPrograms;
}

/** What is needed of a kernel that runs. */
export interface NetworkedKernel {
  readonly networks: Networks;
  request(command: string): Promise<Answer>;
  /** Leaves the list of its interfaces for the next monitor. */
  record(): void;
}

/**
 * Gives a running kernel one more network interface. It is listed and recorded first: if the monitor or the
 * kernel exits at any moment, the host resources of the interface are known.
 *
 * @param prepare plans the interface as a start would; nothing else is plugged or unplugged meanwhile
 * @throws UmlmonError NETWORK_UNIT, NETWORK_COMMAND, NETWORK_IN_USE, MCONSOLE_*, and what `prepare` throws
 */
export function plugInterface(
  kernel: NetworkedKernel,
  unit: number,
  prepare: () => Promise<PreparedInterface>,
): Promise<InterfacePlan> {
  const { networks } = kernel;
  return networks.inTurn(async () => {
    const there = networks.at(unit);
    if (there)
      throw new UmlmonError('NETWORK_UNIT', {
        place: `eth${unit}`,
        cause: `it is ${there.plan.kind} already`,
        hint: 'unplug that first, or take another number',
      });
    const { plan, programs } = await prepare();
    const one: Interface = { plan, plugged: true, settled: false };
    networks.note(one);
    try {
      kernel.record();
      await networks.make(plan, programs);
      await kernel.request(`config ${plan.argument}`);
    } catch (error) {
      if (!isUnsure(error)) await forget(kernel, unit);
      throw error;
    }
    networks.note({ ...one, settled: true });
    kernel.record();
    return plan;
  });
}

/**
 * Takes an interface from a running kernel, with its end on the host.
 *
 * @throws UmlmonError NETWORK_UNIT, MCONSOLE_DEVICE_OPEN while the guest has it up, other MCONSOLE_*, NETWORK_COMMAND
 */
export function unplugInterface(kernel: NetworkedKernel, unit: number): Promise<void> {
  const { networks } = kernel;
  return networks.inTurn(async () => {
    const there = networks.at(unit);
    if (!there)
      throw new UmlmonError('NETWORK_UNIT', {
        place: `eth${unit}`,
        cause: 'the VM has no such interface',
        hint: 'the command -info shows its interfaces',
      });
    networks.note({ ...there, settled: false });
    kernel.record();
    if (await takeFromKernel(kernel, there)) await forget(kernel, unit);
    else throw isUp(there);
  });
}

/**
 * After a takeover. The previous monitor may have exited in the middle of a plug or unplug, and the kernel has no command
 * that lists its interfaces. The interface is removed, unless the guest uses it.
 */
export async function settleInterfaces(kernel: NetworkedKernel): Promise<void> {
  for (const one of kernel.networks.all)
    if (!one.settled && (await takeFromKernel(kernel, one))) await forget(kernel, one.plan.unit);
}

/** False if the guest has it up: then it stays, and that is known for sure. Errors: MCONSOLE_*. */
async function takeFromKernel(kernel: NetworkedKernel, one: Interface): Promise<boolean> {
  try {
    await requestPatiently(kernel, `remove ${one.plan.guest}`);
  } catch (error) {
    const { code, cause } = toFailure(error);
    // An earlier attempt may have been interrupted after the kernel had finished.
    if (code === 'MCONSOLE_REFUSED' && /^ENODEV/.test(cause)) return true;
    const isUp = code === 'MCONSOLE_DEVICE_OPEN';
    if (!isUnsure(error)) {
      kernel.networks.note({ ...one, settled: isUp || one.settled });
      kernel.record();
    }
    if (!isUp) throw error;
    return false;
  }
  return true;
}

function isUp({ plan: { unit, guest } }: Interface): UmlmonError {
  return new UmlmonError('MCONSOLE_DEVICE_OPEN', {
    place: `eth${unit}`,
    cause: `the guest has ${guest} up`,
    hint: `ip link set ${guest} down in the guest first`,
  });
}

async function forget(kernel: NetworkedKernel, unit: number): Promise<void> {
  try {
    await kernel.networks.remove(unit);
  } finally {
    kernel.record();
  }
}

/** Who gets no answer does not know whether the kernel has done it, or will do it later. */
function isUnsure(error: unknown): boolean {
  return ['MCONSOLE_TIMEOUT', 'MCONSOLE_DOWN'].includes(toFailure(error).code);
}
