import type { InterfacePlan } from '../../network/plan/interface-plan.ts';
import type { LaunchPlan } from '../../plan/plan.ts';
import type { Caller } from '../../rpc/codec/program.ts';
import type { PlugNetworkArgs } from '../../rpc/umlmonctrl.gen.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import type { Vm } from '../vm.ts';
import { type PreparedInterface, plugInterface, unplugInterface } from './plug-network.ts';

/** Checks an interface with configuration and host as they are now. */
export type PrepareInterface = (
  running: LaunchPlan,
  there: readonly InterfacePlan[],
  args: PlugNetworkArgs,
) => Promise<PreparedInterface>;

/** What clients may do to the network interfaces of a VM that runs. */
export class NetworkVerbs {
  readonly #vm: Vm;
  readonly #prepare: PrepareInterface;

  constructor(vm: Vm, prepare: PrepareInterface) {
    this.#vm = vm;
    this.#prepare = prepare;
  }

  /**
   * Gives the kernel an interface until it ends. What that changes on the host is for those who could write it in the
   * configuration. Errors: CONFIG_LAYER, STATE_WRONG, those of prepareInterface and plugInterface.
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
      return this.#prepare(kernel.plan, there, args);
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
