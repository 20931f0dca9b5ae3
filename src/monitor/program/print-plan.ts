import { problemText } from '../../config/problem.ts';
import { explainPlan } from '../../plan/explain.ts';
import { type ConfigSource, layoutFor, readVmConfig } from '../start/config-source.ts';
import { VmPlanner } from '../start/plan-start.ts';

/** `umlmon -plan`: the plan of a start, as text or JSON. Needs no root and changes nothing. Errors: CONFIG_*. */
export async function printPlan(source: ConfigSource, json: boolean): Promise<void> {
  const { config, vm } = readVmConfig(source);
  const { plan, warnings } = await new VmPlanner(source, layoutFor(config, vm)).planLaunch();
  for (const warning of warnings) console.error(problemText(warning));
  console.log(json ? JSON.stringify(plan, null, 2) : explainPlan(plan));
}
