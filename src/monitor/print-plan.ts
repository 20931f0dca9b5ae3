import { explainPlan } from '../plan/explain.ts';
import { type ConfigSource, layoutFor, prepareLaunch, readVm } from './prepare-launch.ts';

/** `umlmon -plan`: the plan of a start, as text or JSON. Needs no root and changes nothing. Errors: CONFIG_*. */
export function printPlan(source: ConfigSource, json: boolean): void {
  const { config, vm } = readVm(source);
  const { plan } = prepareLaunch(source, layoutFor(config, vm));
  console.log(json ? JSON.stringify(plan, null, 2) : explainPlan(plan));
}
