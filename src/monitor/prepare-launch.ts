import { type Config, requireVm, type VmConfig } from '../config/config.ts';
import { readConfig } from '../config/locate.ts';
import { configError, type Problem } from '../config/problem.ts';
import { layoutOf, type VmLayout } from '../jail/layout.ts';
import { buildPlan } from '../plan/build-plan.ts';
import { takeInventory } from '../plan/inventory.ts';
import type { LaunchPlan } from '../plan/plan.ts';

/** Where a VM's configuration comes from. */
export interface ConfigSource {
  readonly vm: string;
  readonly configPath: string | undefined;
}

/** The configuration and one VM of it, with what is unusual about it. Errors: CONFIG_*. */
export function readVm({ vm, configPath }: ConfigSource): {
  config: Config;
  vm: VmConfig;
  warnings: Problem[];
} {
  const read = readConfig({
    ...(configPath === undefined ? {} : { configPath }),
    env: process.env,
    uid: process.geteuid?.() ?? 0,
    vm,
  });
  const warnings = read.problems.filter(({ severity, section }) => severity === 'warning' && section === vm);
  return { ...requireVm(read, vm), warnings };
}

/** Configuration and host, read anew, as a plan. Errors: CONFIG_INVALID with all problems, also those of the host. */
export function prepareLaunch(
  source: ConfigSource,
  layout: VmLayout,
): { config: VmConfig; plan: LaunchPlan } {
  const { config, vm } = readVm(source);
  const inventory = takeInventory(config.global, vm, layout);
  const { plan, problems } = buildPlan(config.global, vm, layout, inventory);
  if (!plan) throw configError(problems.filter(({ severity }) => severity === 'error'));
  return { config: vm, plan };
}

export function layoutFor({ global }: Config, { name, backup_dir }: VmConfig): VmLayout {
  return layoutOf(name, {
    varDir: global.vardir,
    runDir: global.rundir,
    shared: global.shared,
    backups: backup_dir,
  });
}
