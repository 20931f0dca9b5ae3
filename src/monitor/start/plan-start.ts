import { existsSync } from 'node:fs';
import type { Configured } from '../../config/changes.ts';
import { type Config, requireVm, type VmConfig } from '../../config/config.ts';
import { readConfig } from '../../config/file/locate.ts';
import { vmNameDamage } from '../../config/names.ts';
import { ethUnits, parseNetwork } from '../../config/networks/network.ts';
import { ubdUnits } from '../../config/paths.ts';
import { configError, type Problem } from '../../config/problem.ts';
import { parseUbd } from '../../config/values/disk.ts';
import type { VmLayout } from '../../jail/layout.ts';
import { knowsMacs, takeMacs } from '../../network/mac/mac-pool-file.ts';
import { planPlug } from '../../plan/checks/check-plug.ts';
import { type PlugRequest, planPlugNetwork } from '../../plan/checks/check-plug-network.ts';
import { macRequest, takeInventory } from '../../plan/facts/inventory.ts';
import type { ImagePlan, LaunchPlan } from '../../plan/plan.ts';
import { layoutOfVm, planStart } from '../../plan/plan-from-config.ts';
import type { PlugArgs, PlugNetworkArgs } from '../../rpc/umlmonctrl.gen.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import type { PreparedInterface } from '../networks/plug-network.ts';

/** Where a VM's configuration comes from. */
export interface ConfigSource {
  readonly vm: string;
  readonly configPath: string | undefined;
}

/** The configuration and one VM of it, with what is unusual about it. Errors: CONFIG_*. */
export function readVm(source: ConfigSource): {
  config: Config;
  vm: VmConfig;
  warnings: Problem[];
} {
  const { vm } = source;
  const read = readSource(source);
  const warnings = read.problems.filter(({ severity, section }) => severity === 'warning' && section === vm);
  return { ...requireVm(read, vm), warnings };
}

/** The same; or only the name of a VM that has no section any more, and has left something. Errors: CONFIG_*. */
export function readVmOrGone(source: ConfigSource): {
  config: Config;
  vm: Placed;
  isGone: boolean;
} {
  const { config, broken } = readSource(source);
  const name = source.vm;
  if (config && !config.vms.has(name) && !broken.has(name) && !vmNameDamage(name)) {
    const vm = { name, backup_dir: '' };
    const { run } = layoutFor(config, vm);
    if (existsSync(run) || knowsMacs(config.global.vardir, name)) return { config, vm, isGone: true };
  }
  return { ...readVm(source), isGone: false };
}

function readSource({ vm, configPath }: ConfigSource) {
  return readConfig({
    ...(configPath === undefined ? {} : { configPath }),
    env: process.env,
    uid: process.geteuid?.() ?? 0,
    vm,
  });
}

/** What a start executes, and what is unusual about it. */
export interface Prepared {
  readonly configured: Configured;
  readonly plan: LaunchPlan;
  readonly warnings: readonly Problem[];
}

/** Configuration and host, read anew, as a plan. Errors: CONFIG_INVALID with all problems, also those of the host. */
export async function prepareLaunch(source: ConfigSource, layout: VmLayout): Promise<Prepared> {
  const { config, vm } = readVm(source);
  const { plan, problems } = await planStart(config, vm, { layout });
  if (!plan) throw configError(problems.filter(({ severity }) => severity === 'error'));
  return { configured: { global: config.global, vm }, plan, warnings: problems };
}

/** Does so for a start: the hardware addresses of the plan are then the VM's. Errors: also NETWORK_MAC_*. */
export async function prepareStart(source: ConfigSource, layout: VmLayout): Promise<Prepared> {
  const { config, vm } = readVm(source);
  if (vm.eth.length > 0) await takeMacs(macRequest(config, vm));
  return prepareLaunch(source, layout);
}

/**
 * A disk for a VM that runs, checked with configuration and host as they are now.
 *
 * @param text in the form of the key ubdN
 * @throws UmlmonError CONFIG_*, IMAGE_*, COW_HAZARD
 */
export async function prepareDisk(
  source: ConfigSource,
  layout: VmLayout,
  running: LaunchPlan,
  { unit, disk }: PlugArgs,
): Promise<ImagePlan> {
  const place = `ubd${unit}`;
  if (unit >= ubdUnits)
    throw new UmlmonError('CONFIG_UNKNOWN_KEY', { place, cause: `disks are ubd0 to ubd${ubdUnits - 1}` });
  const parsed = parseUbd(disk);
  if ('cause' in parsed) throw new UmlmonError(parsed.code, { place, ...parsed });
  const { config, vm } = readVm(source);
  const spec = { ...parsed.value, unit };
  const plugging = { ...vm, ubd: [spec] };
  const host = await takeInventory(config, plugging, layout);
  const plan = planPlug(plugging, spec, host, running);
  if ('cause' in plan) throw new UmlmonError(plan.code, { place, ...plan });
  return plan;
}

/**
 * A network interface for a VM that runs, checked with configuration and host as they are now, and what sets up its
 * end. Its hardware address is the VM's then.
 *
 * @param network in the form of the key ethN
 * @throws UmlmonError CONFIG_*, NETWORK_*, HOST_*
 */
export async function prepareInterface(
  source: ConfigSource,
  layout: VmLayout,
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
  const { config, vm } = readVm(source);
  const spec = { ...parsed.value, unit };
  const plugging = { ...vm, eth: [spec] };
  const keeps = new Set(kernel.there.map((plan) => plan.unit));
  const macs = await takeMacs({ ...macRequest(config, plugging), keeps });
  const host = { ...(await takeInventory(config, plugging, layout)), macs: { found: macs } };
  const prepared = planPlugNetwork({ vm: plugging, spec, layout, host, ...kernel });
  if ('cause' in prepared) throw new UmlmonError(prepared.code, { place, ...prepared });
  return prepared;
}

/** What of a VM's configuration says where its files are. */
type Placed = Pick<VmConfig, 'name' | 'backup_dir'>;

export const layoutFor: (config: Config, vm: Placed) => VmLayout = layoutOfVm;
