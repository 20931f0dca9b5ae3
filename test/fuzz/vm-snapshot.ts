import type { VmConfig } from '../../src/config/config.ts';
import { layoutOf } from '../../src/jail/layout.ts';
import type { KernelRun } from '../../src/monitor/kernel-run.ts';
import type { VmSnapshot } from '../../src/monitor/vm-info.ts';

/** A VM of a configuration, stopped or with a run, as a monitor describes it. */
export function snapshotOf(config: VmConfig, run?: KernelRun): VmSnapshot {
  const layout = layoutOf(config.name, { varDir: '/var/lib/umlmon', runDir: '/run/umlmon' });
  // Only what describeVm reads.
  const vm = {
    layout,
    settings: { vm: config },
    channels: { infos: () => [] },
    events: { next: 1 },
    warnings: { count: 0, last: '' },
  } as unknown as VmSnapshot['vm'];
  return {
    vm,
    owner: { tcp: '', logDropped: 0 },
    state: { state: run ? 'running' : 'stopped', since: 0 },
    readiness: { configured: 'kernel', ready: false, reached: [] },
    operation: undefined,
    run,
    lastExit: null,
    held: null,
  };
}
