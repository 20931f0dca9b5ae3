import type { ImagePlan, LaunchPlan } from '../../plan/plan.ts';
import type { PlugArgs } from '../../rpc/umlmonctrl.gen.ts';
import type { Vm } from '../vm.ts';
import { plugDisk, unplugDisk } from './plug-disk.ts';

/** What clients may do to the disks of a VM that runs. */
export class DiskVerbs {
  readonly #vm: Vm;
  readonly #prepare: (running: LaunchPlan, args: PlugArgs) => Promise<ImagePlan>;

  /** @param prepare checks a disk with configuration and host as they are now */
  constructor(vm: Vm, prepare: (running: LaunchPlan, args: PlugArgs) => Promise<ImagePlan>) {
    this.#vm = vm;
    this.#prepare = prepare;
  }

  /** Gives the kernel a disk until it ends. Errors: STATE_WRONG, and those of prepareDisk and plugDisk. */
  async plug(by: string, args: PlugArgs): Promise<void> {
    const { kernel } = this.#vm.running(['running']);
    const image = await this.#prepare(kernel.plan, args);
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
