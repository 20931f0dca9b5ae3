/** Pure. */
import type { LaunchPlan, Step, StepOf } from './plan.ts';

/** The step of a plan that does `what`. Throws if it is missing, which happens only in a damaged plan. */
export function stepOf<D extends Step['do']>(plan: LaunchPlan, what: D): StepOf<D> {
  const step = plan.steps.find((candidate): candidate is StepOf<D> => candidate.do === what);
  if (!step) throw new Error(`the plan has no step ${what}`);
  return step;
}
