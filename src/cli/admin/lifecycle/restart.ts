import { requireVm } from '../../../config/config.ts';
import { adminLimits } from '../../../system/limits/limits.ts';
import type { WaitLevel } from '../../commands/argument-kinds.ts';
import { restartGuest, restartText } from '../../wait/restart.ts';
import { inParallel } from '../concurrency.ts';
import { type AdminHost, configuredNames, connectTo } from '../host.ts';
import { monitorsOf } from '../monitors.ts';
import { OutcomePrinter, overallStatus, type VmOutcome } from '../outcome.ts';
import { startMonitor } from './start.ts';
import { startTurns } from './start-order.ts';

export interface RestartVmsRequest {
  /** Empty: all VMs of the configuration that are not down. */
  readonly names: readonly string[];
  /** The level that each VM reaches before the next group; undefined: its kernel runs. */
  readonly level: WaitLevel | undefined;
  /** Of each orderly stop, in milliseconds; undefined: stop_timeout of the VM. */
  readonly timeoutMs: number | undefined;
}

/** `umladmin restart`: restarts guests, group by group; their monitors continue. Resolves to the exit status. */
export async function restartVms(request: RestartVmsRequest, host: AdminHost): Promise<number> {
  const { names, level, timeoutMs = 0 } = request;
  const printer = new OutcomePrinter(host.json);
  const monitors = await monitorsOf(host.loaded.file);
  const wanted = names.length > 0 ? [...new Set(names)] : configuredNames(host.loaded);
  const known = wanted.flatMap((name) => host.config.vms.get(name) ?? []);
  // Problems are printed first; they do not delay other VMs.
  for (const name of wanted) if (!host.config.vms.has(name)) await printer.run(name, () => refuse(name));
  for (const { vms } of startTurns(known))
    await inParallel(vms, adminLimits.startsAtOnce, ({ name }) => printer.run(name, () => restartVm(name)));
  return overallStatus(printer.outcomes);

  /** What is wrong with a VM that has no configuration. */
  async function refuse(name: string): Promise<VmOutcome> {
    requireVm(host.loaded, name);
    throw new Error(`${name} has a configuration`);
  }

  async function restartVm(vm: string): Promise<VmOutcome> {
    const untouched = { vm, did: 'untouched', text: 'it is stopped', failure: null };
    const own = await connectTo(host.config, vm);
    if (!own && names.length === 0) return untouched;
    if (!own) await startMonitor(vm, monitors, host);
    const client = own ?? (await connectTo(host.config, vm));
    if (!client) return untouched;
    try {
      const { state } = await client.call('info', undefined);
      if (state === 'stopped' && names.length === 0) return untouched;
      const restarted = await restartGuest(client, { vm, level, stopMs: timeoutMs, signal: undefined });
      return { vm, did: 'restarted', text: restartText(restarted), failure: null };
    } finally {
      client.close();
    }
  }
}
