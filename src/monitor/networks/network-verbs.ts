import type { PlugRequest } from '../../plan/checks/check-plug-network.ts';
import type { Caller } from '../../rpc/codec/program.ts';
import type { PlugNetworkArgs } from '../../rpc/umlmonctrl.gen.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import type { Vm } from '../vm.ts';
import { type PreparedInterface, plugInterface, unplugInterface } from './plug-network.ts';

export interface InterfacePlanner {
  /**
   * A network interface for a running VM, checked with configuration and host as they are now, and the setup of its end on
   * the host. Its hardware address belongs to the VM from then on; `network` has the form of the key ethN.
   * Errors: CONFIG_*, NETWORK_*, HOST_*.
   */
  planInterface(
    kernel: Pick<PlugRequest, 'running' | 'there'>,
    args: PlugNetworkArgs,
  ): Promise<PreparedInterface>;
}

/** Plugs and unplugs the network interfaces of a running VM for clients. */
export class NetworkPlugs {
  readonly #vm: Vm;
  readonly #planner: InterfacePlanner;

  constructor(vm: Vm, planner: InterfacePlanner) {
    this.#vm = vm;
    this.#planner = planner;
  }

  /**
   * Gives the kernel an interface until it ends. What that changes on the host is for those who could write it in the
   * configuration. Errors: CONFIG_LAYER, STATE_WRONG, those of planInterface and plugInterface.
   */
  async plug(by: string, { uid }: Pick<Caller, 'uid'>, args: PlugNetworkArgs): Promise<void> {
    if (uid !== 0 && uid !== process.geteuid?.())
      throw new UmlmonError('CONFIG_LAYER', {
        place: `eth${args.unit}`,
        cause: `${by} may not change the network of the host`,
        hint: 'only root, and the user of the monitor, may plug network interfaces',
      });
    const { kernel } = this.#vm.running(['running']);
    const { unit } = args;
    const { kind } = await plugInterface(kernel, unit, () => {
      const there = kernel.networks.all.map(({ plan }) => plan);
      return this.#planner.planInterface({ running: kernel.plan, there }, args);
    });
    const text = `eth${unit} is ${kind}, asked by ${by}`;
    this.#vm.events.publish('interface-plugged', text, { unit, kind, by });
  }

  /** Errors: STATE_WRONG, and those of unplugInterface. */
  async unplug(by: string, unit: number): Promise<void> {
    await unplugInterface(this.#vm.running(['running']).kernel, unit);
    this.#vm.events.publish('interface-unplugged', `eth${unit}, asked by ${by}`, { unit, by });
  }
}
