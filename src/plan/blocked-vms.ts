import { originOf, type VmConfig } from '../config/config.ts';
import { type Problem, problemAt } from '../config/problem.ts';
import { findObstacles } from '../network/rules/find-obstacles.ts';
import { lookAtNeeded } from '../network/watch/found-network.ts';
import { locateProgram } from '../system/processes/find-program.ts';
import type { LaunchPlan } from './plan.ts';

/** A VM that could be started, and the plan for that. */
export interface PlannedVm {
  readonly vm: VmConfig;
  readonly plan: LaunchPlan;
}

/**
 * Warnings about rules of other programs that would stop the traffic of these VMs. The host is inspected once for all of
 * them. Errors: NETWORK_COMMAND.
 */
export async function findBlocked(planned: readonly PlannedVm[]): Promise<Problem[]> {
  const networks = planned.flatMap(({ vm, plan }) =>
    plan.steps.flatMap((step) => (step.do === 'configure-network' ? [{ vm, step }] : [])),
  );
  const [first] = networks;
  const nft = locateProgram('nft');
  if (!first || nft === undefined) return [];
  const { ip, bridge } = first.step.programs;
  const found = await lookAtNeeded({ ip, bridge, nft }, []);
  const problems: Problem[] = [];
  for (const { vm, step } of networks)
    for (const { unit, what, cure } of await findObstacles(found, step.interfaces))
      problems.push(
        problemAt(
          originOf(vm, `eth${unit}`),
          { code: 'NETWORK_HOST', cause: what.replace(/^eth\d+: /, ''), hint: cure },
          'warning',
        ),
      );
  return problems;
}
