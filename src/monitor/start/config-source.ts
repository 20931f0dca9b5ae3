import { existsSync } from 'node:fs';
import { type Config, requireVm, type VmConfig } from '../../config/config.ts';
import { readConfig } from '../../config/file/locate.ts';
import { vmNameDamage } from '../../config/names.ts';
import type { Problem } from '../../config/problem.ts';
import type { VmLayout } from '../../jail/layout.ts';
import { knowsMacs } from '../../network/mac/mac-pool-file.ts';
import { layoutOfVm } from '../../plan/plan-from-config.ts';

/** Where a VM's configuration comes from. */
export interface ConfigSource {
  readonly vm: string;
  readonly configPath: string | undefined;
}

/** The configuration, one VM of it, and the warnings about that VM. Errors: CONFIG_*. */
export function readVmConfig(source: ConfigSource): {
  config: Config;
  vm: VmConfig;
  warnings: Problem[];
} {
  const { vm } = source;
  const read = readSource(source);
  const warnings = read.problems.filter(({ severity, section }) => severity === 'warning' && section === vm);
  return { ...requireVm(read, vm), warnings };
}

/** Like readVm; or only the name of a VM without a section that has left files. Errors: CONFIG_*. */
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
  return { ...readVmConfig(source), isGone: false };
}

function readSource({ vm, configPath }: ConfigSource) {
  return readConfig({
    ...(configPath === undefined ? {} : { configPath }),
    env: process.env,
    uid: process.geteuid?.() ?? 0,
    vm,
  });
}

/** The keys of a VM on which the place of its files depends. */
type Placed = Pick<VmConfig, 'name' | 'backup_dir'>;

export const layoutFor: (config: Config, vm: Placed) => VmLayout = layoutOfVm;
