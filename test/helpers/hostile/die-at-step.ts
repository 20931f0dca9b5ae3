/**
 * A monitor that is killed by SIGKILL right after one step of its start, for test/monitor/takeover/kill-at-step.test.ts:
 * die-at-step CONFIG VM STEP
 */

import { layoutFor, readVmConfig } from '../../../src/monitor/start/config-source.ts';
import { executePlan } from '../../../src/monitor/start/execute-plan.ts';
import { VmPlanner } from '../../../src/monitor/start/plan-start.ts';
import { aloneOwner } from '../programs/kernel-owner.ts';

const [configPath, vm = '', last] = process.argv.slice(2);
const source = { vm, configPath };
const { config, vm: vmConfig } = readVmConfig(source);
const layout = layoutFor(config, vmConfig);
process.chdir(layout.home);
new VmPlanner(source, layout)
  .planLaunch()
  .then(({ plan }) =>
    executePlan(plan, {
      ...aloneOwner(layout),
      stepDone: (step) => {
        if (step === last) process.kill(process.pid, 'SIGKILL');
      },
    }),
  )
  .then(
    () => process.exit(0),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
