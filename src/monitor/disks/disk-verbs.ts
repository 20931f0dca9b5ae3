import type { ImagePlan, LaunchPlan } from '../../plan/plan.ts';
import type { PlugArgs } from '../../rpc/umlmonctrl.gen.ts';
import type { Vm } from '../vm.ts';
import { plugDisk, unplugDisk } from './plug-disk.ts';

export interface DiskPlanner {
  /**
   * A disk for a running VM, checked with configuration and host as they are now; `disk` has the form of the key ubdN.
   * Errors: CONFIG_*, IMAGE_*, COW_HAZARD.
   */
  planDisk(running: LaunchPlan, args: PlugArgs): Promise<ImagePlan>;
}

/** Plugs and unplugs the disks of a running VM for clients. */
export class DiskPlugs {
  readonly #vm: Vm;
  readonly #planner: DiskPlanner;

  constructor(vm: Vm, planner: DiskPlanner) {
    this.#vm = vm;
    this.#planner = planner;
  }

  /** Gives the kernel a disk until it ends. Errors: STATE_WRONG, and those of planDisk and plugDisk. */
  async plug(by: string, args: PlugArgs): Promise<void> {
    const { kernel } = this.#vm.running(['running']);
    const image = await this.#planner.planDisk(kernel.plan, args);
    await plugDisk(kernel, image);
    const { unit, jailPath: path } = image;
    this.#vm.events.publish('disk-plugged', `ubd${unit} is ${path}, asked by ${by}`, { unit, path, by });
  }

  /** Errors: STATE_WRONG, and those of unplugDisk. */
  async unplug(by: string, unit: number): Promise<void> {
    await unplugDisk(this.#vm.running(['running']).kernel, unit);
    this.#vm.events.publish('disk-unplugged', `ubd${unit}, asked by ${by}`, { unit, by });
  }
}
