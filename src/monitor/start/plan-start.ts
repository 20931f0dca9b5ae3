import type { Configured } from '../../config/changes.ts';
import { ethUnits, parseNetwork } from '../../config/networks/network.ts';
import { ubdUnits } from '../../config/paths.ts';
import { configError } from '../../config/problem.ts';
import { parseUbd } from '../../config/values/disk.ts';
import type { VmLayout } from '../../jail/layout.ts';
import type { VmUser } from '../../jail/user.ts';
import { takeMacs } from '../../network/mac/mac-pool-file.ts';
import { planPlug } from '../../plan/checks/check-plug.ts';
import { type PlugRequest, planPlugNetwork } from '../../plan/checks/check-plug-network.ts';
import { explainPlan } from '../../plan/explain.ts';
import { macRequest, takeInventory, vmUser } from '../../plan/facts/inventory.ts';
import { rememberLpj } from '../../plan/facts/lpj-cache.ts';
import type { ImagePlan, LaunchPlan } from '../../plan/plan.ts';
import { planFromConfig } from '../../plan/plan-from-config.ts';
import type { PlugArgs, PlugNetworkArgs, WrittenSettings } from '../../rpc/umlmonctrl.gen.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import { monitorLimits } from '../../system/limits/limits.ts';
import type { ImageUser } from '../disks/disk-handlers.ts';
import type { DiskPlanner } from '../disks/disk-verbs.ts';
import type { InterfacePlanner } from '../networks/network-verbs.ts';
import type { PreparedInterface } from '../networks/plug-network.ts';
import { writtenSettings } from '../program/written-config.ts';
import type { WrittenConfig } from '../settings.ts';
import { type ConfigSource, readVmConfig } from './config-source.ts';
import type { PlannedStart, StartPlanner } from './start-planner.ts';

/** Makes plans for a VM: each from configuration and host as they are at that moment. */
export class VmPlanner implements StartPlanner, DiskPlanner, InterfacePlanner, WrittenConfig, ImageUser {
  readonly #source: ConfigSource;
  readonly #layout: VmLayout;
  #explained = { text: Promise.resolve(''), at: Number.NEGATIVE_INFINITY };

  constructor(source: ConfigSource, layout: VmLayout) {
    this.#source = source;
    this.#layout = layout;
  }

  /** The hardware addresses of the plan belong to the VM from then on. */
  async planStart(): Promise<PlannedStart> {
    const { config, vm } = readVmConfig(this.#source);
    if (vm.eth.length > 0) await takeMacs(macRequest(config, vm));
    return this.planLaunch();
  }

  /** The plan of a start, without any change of the host. Errors: CONFIG_INVALID with all problems. */
  async planLaunch(): Promise<PlannedStart> {
    const { config, vm } = readVmConfig(this.#source);
    const { plan, problems } = await planFromConfig(config, vm, { layout: this.#layout });
    if (!plan) throw configError(problems.filter(({ severity }) => severity === 'error'));
    return { configured: { global: config.global, vm }, plan, warnings: problems };
  }

  /** What the next start would do, for users. The same text for calls within monitorLimits.planAge. Errors: CONFIG_*. */
  explain(): Promise<string> {
    const now = performance.now();
    if (now - this.#explained.at >= monitorLimits.planAge) {
      const text = this.planLaunch().then(({ plan }) => explainPlan(plan));
      const explained = { text, at: now };
      this.#explained = explained;
      // A failure is not remembered.
      text.catch(() => {
        explained.at = Number.NEGATIVE_INFINITY;
      });
    }
    return this.#explained.text;
  }

  async planDisk(running: LaunchPlan, { unit, disk }: PlugArgs): Promise<ImagePlan> {
    const place = `ubd${unit}`;
    if (unit >= ubdUnits)
      throw new UmlmonError('CONFIG_UNKNOWN_KEY', { place, cause: `disks are ubd0 to ubd${ubdUnits - 1}` });
    const parsed = parseUbd(disk);
    if ('cause' in parsed) throw new UmlmonError(parsed.code, { place, ...parsed });
    const { config, vm } = readVmConfig(this.#source);
    const spec = { ...parsed.value, unit };
    const plugging = { ...vm, ubd: [spec] };
    const host = await takeInventory(config, plugging, this.#layout);
    const plan = planPlug(plugging, spec, host, running);
    if ('cause' in plan) throw new UmlmonError(plan.code, { place, ...plan });
    return plan;
  }

  async planInterface(
    kernel: Pick<PlugRequest, 'running' | 'there'>,
    { unit, network }: PlugNetworkArgs,
  ): Promise<PreparedInterface> {
    const place = `eth${unit}`;
    if (unit >= ethUnits)
      throw new UmlmonError('CONFIG_UNKNOWN_KEY', {
        place,
        cause: `interfaces are eth0 to eth${ethUnits - 1}`,
      });
    const parsed = parseNetwork(network);
    if ('cause' in parsed) throw new UmlmonError(parsed.code, { place, ...parsed });
    const { config, vm } = readVmConfig(this.#source);
    const spec = { ...parsed.value, unit };
    const plugging = { ...vm, eth: [spec] };
    const keeps = new Set(kernel.there.map((plan) => plan.unit));
    const macs = await takeMacs({ ...macRequest(config, plugging), keeps });
    const host = { ...(await takeInventory(config, plugging, this.#layout)), macs: { found: macs } };
    const planned = planPlugNetwork({ vm: plugging, spec, layout: this.#layout, host, ...kernel });
    if ('cause' in planned) throw new UmlmonError(planned.code, { place, ...planned });
    return planned;
  }

  rememberBoot(plan: LaunchPlan, bootMessages: string): void {
    rememberLpj(this.#layout.lpjCache, plan, bootMessages);
  }

  readConfigured(): Configured {
    const { config, vm } = readVmConfig(this.#source);
    return { global: config.global, vm };
  }

  /** The configuration of the VM as its files are now, or its mistakes. */
  written(): WrittenSettings {
    return writtenSettings(this.#source);
  }

  async user(): Promise<VmUser> {
    return vmUser(readVmConfig(this.#source).vm);
  }
}
