import { setTimeout as delay } from 'node:timers/promises';
import { requireVm, type VmConfig } from '../../../config/config.ts';
import type { MonitorClient } from '../../../rpc/client/monitor-client.ts';
import { toFailure, UmlmonError } from '../../../system/errors/errors.ts';
import { adminLimits } from '../../../system/limits/limits.ts';
import type { WaitLevel } from '../../commands/argument-kinds.ts';
import { reachedText } from '../../print/render.ts';
import { waitFor } from '../../wait/wait.ts';
import { inParallel } from '../concurrency.ts';
import { type AdminHost, configuredNames, connectTo } from '../host.ts';
import { type HostMonitors, monitorsOf } from '../monitors.ts';
import { OutcomePrinter, overallStatus, type VmOutcome } from '../outcome.ts';
import { startTurns } from './start-order.ts';
import { untilBooted } from './wait-booted.ts';

export interface StartRequest {
  /** Empty: all VMs of the configuration that are not `start = off`. */
  readonly names: readonly string[];
  /** The level that started VMs reach before the next group. */
  readonly level: WaitLevel | undefined;
  readonly timeoutMs: number | undefined;
}

/** `umladmin start`: starts missing monitors, group by group. Resolves to the exit status. */
export async function startVms(
  request: StartRequest,
  host: AdminHost,
  printer = new OutcomePrinter(host.json),
): Promise<number> {
  const { names } = request;
  const monitors = await monitorsOf(host.loaded.file);
  const wanted = names.length > 0 ? [...new Set(names)] : configuredNames(host.loaded);
  const { vms } = host.config;
  // Problems are printed first; they do not delay other VMs.
  for (const name of wanted) if (!vms.has(name)) await printer.run(name, () => refuse(name));
  let hasStarted = false;
  const isWanted = ({ name, start }: VmConfig) =>
    wanted.includes(name) && (names.length > 0 || start !== 'off');
  for (const turn of startTurns([...vms.values()].filter(isWanted))) {
    hasStarted = false;
    await inParallel(turn.vms, adminLimits.startsAtOnce, (vm) => printer.run(vm.name, () => startVm(vm)));
    // A VM that ran already causes no delay.
    if (hasStarted) await delay(turn.delayMs);
  }
  return overallStatus(printer.outcomes);

  /** What is wrong with a VM that has no configuration. */
  async function refuse(name: string): Promise<VmOutcome> {
    requireVm(host.loaded, name);
    throw new Error(`${name} has a configuration`);
  }

  async function startVm(vm: VmConfig): Promise<VmOutcome> {
    const outcome = await startMonitor(vm.name, monitors, host);
    const isFresh = outcome.did === 'started';
    hasStarted ||= isFresh;
    const { level, timeoutMs } = request;
    if (vm.start !== 'boot' || (level === undefined && !isFresh)) return outcome;
    const client = await connectTo(host.config, vm.name);
    if (!client) return outcome;
    try {
      const reached = level && (await waitForBoot(client, { vm: vm.name, level, timeoutMs, isFresh }));
      // The kernel may have come up, and ended before its guest ran.
      const isBooted = !isFresh || (await untilBooted(client, vm.name, timeoutMs));
      const notes = isBooted ? [] : [`${vm.name}: it is still starting`];
      return {
        ...outcome,
        text: reached === undefined ? outcome.text : `${outcome.text}; ${reached}`,
        notes: [...(outcome.notes ?? []), ...notes],
      };
    } finally {
      client.close();
    }
  }
}

/** Starts the monitor of a VM, if it has none. Errors: those of umlmon(8). */
export async function startMonitor(
  vm: string,
  monitors: HostMonitors,
  { config }: AdminHost,
): Promise<VmOutcome> {
  const untouched = { vm, did: 'untouched', text: 'its monitor runs already', failure: null };
  const client = await connectTo(config, vm);
  client?.close();
  if (client) return untouched;
  try {
    return { vm, did: 'started', ...(await monitors.start(vm)), failure: null };
  } catch (error) {
    // Another process has just started it.
    if (toFailure(error).code === 'MONITOR_RUNNING') return untouched;
    throw error;
  }
}

interface BootWait {
  readonly vm: string;
  readonly level: WaitLevel;
  readonly timeoutMs: number | undefined;
  /** Whether the monitor was started for this: then its first event counts. */
  readonly isFresh: boolean;
}

async function waitForBoot(client: MonitorClient, wait: BootWait): Promise<string> {
  const { vm, level, timeoutMs, isFresh } = wait;
  const { state, held } = await client.call('info', undefined);
  if (state === 'stopped' && !isFresh) return 'it is stopped, and left so';
  if (state === 'stopped' && held)
    throw new UmlmonError('WAIT_NEVER', {
      place: vm,
      cause: `not started: ${held.why}`,
      hint: `umlwatch ${vm} -start`,
    });
  const since = isFresh ? { since: 1 } : {};
  const reached = await waitFor(client, { vm, level, timeoutMs, signal: undefined, ...since });
  return reachedText(vm, reached).slice(`${vm}: `.length);
}
