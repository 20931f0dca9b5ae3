import type { Config, VmConfig } from '../config/config.ts';
import type { Problem } from '../config/problem.ts';
import { layoutOf, type VmLayout } from '../jail/layout.ts';
import { toFailure } from '../system/errors/errors.ts';
import { findBlocked, type PlannedVm } from './blocked-vms.ts';
import { type BuiltPlan, buildPlan } from './build-plan.ts';
import type { HostLook } from './facts/host-look.ts';
import { takeInventory } from './facts/inventory.ts';

/** Where the files of a VM of the configuration are. */
export function layoutOfVm(
  { global }: Config,
  { name, backup_dir }: Pick<VmConfig, 'name' | 'backup_dir'>,
): VmLayout {
  return layoutOf(name, {
    varDir: global.vardir,
    runDir: global.rundir,
    shared: global.shared,
    backups: backup_dir,
  });
}

/**
 * What a start would execute with configuration and host as they are now, or why there can be none. The one way of starts,
 * of `umlmon -plan` and -check, of doctor and of `umladmin config`: all of them report the same problems. Changes nothing.
 *
 * @param look shared by callers that check many VMs
 */
export async function planFromConfig(
  config: Config,
  vm: VmConfig,
  { look, layout = layoutOfVm(config, vm) }: { readonly look?: HostLook; readonly layout?: VmLayout } = {},
): Promise<BuiltPlan> {
  return buildPlan(config.global, vm, layout, await takeInventory(config, vm, layout, look));
}

/**
 * Problems of the starts of these VMs, and rules that would stop their traffic. A host that cannot be inspected is a
 * problem like others.
 */
export async function problemsOfStarts(
  config: Config,
  vms: readonly VmConfig[],
  look: HostLook,
): Promise<Problem[]> {
  const planned: PlannedVm[] = [];
  const problems = await Promise.all(
    vms.map(async (vm): Promise<readonly Problem[]> => {
      try {
        const built = await planFromConfig(config, vm, { look });
        if (built.plan) planned.push({ vm, plan: built.plan });
        return built.problems;
      } catch (error) {
        return [unasked(error, vm.name)];
      }
    }),
  );
  const blocked = await findBlocked(planned).catch((error: unknown) => [unsure(error)]);
  return [...problems.flat(), ...blocked];
}

/** Rules that stop traffic are only warnings, so a failure to list the rules is only a warning too. */
function unsure(error: unknown): Problem {
  const { place, cause } = toFailure(error);
  const what = `cannot read the rules of other programs: ${place}: ${cause}`;
  return { ...unasked(error, ''), severity: 'warning', cause: what };
}

function unasked(error: unknown, section: string): Problem {
  const { cause, hint } = toFailure(error, section);
  return { severity: 'error', code: 'HOST_SYSTEM_CALL', file: '', line: 0, section, key: '', cause, hint };
}
