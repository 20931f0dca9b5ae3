/**
 * A monitor that dies by SIGKILL right after one step of its start, for test/monitor/takeover/kill-at-step.test.ts:
 * die-at-step CONFIG VM STEP
 */
import { Channels } from '../../../src/monitor/consoles/channels.ts';
import { executePlan } from '../../../src/monitor/start/execute-plan.ts';
import { layoutFor, prepareLaunch, readVm } from '../../../src/monitor/start/plan-start.ts';

const [configPath, vm = '', last] = process.argv.slice(2);
const source = { vm, configPath };
const { config, vm: vmConfig } = readVm(source);
const layout = layoutFor(config, vmConfig);
process.chdir(layout.home);
prepareLaunch(source, layout)
  .then(({ plan }) =>
    executePlan(plan, {
      channels: new Channels(() => undefined),
      onNotification: () => undefined,
      trouble: (error) => {
        throw error;
      },
      onStep: (step) => {
        if (step === last) process.kill(process.pid, 'SIGKILL');
      },
      signal: new AbortController().signal,
    }),
  )
  .then(
    () => process.exit(0),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
