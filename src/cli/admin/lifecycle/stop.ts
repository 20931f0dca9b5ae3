import type { MonitorClient } from '../../../rpc/client/monitor-client.ts';
import { toFailure, UmlmonError } from '../../../system/errors/errors.ts';
import { heldLock } from '../../../system/files/held-lock.ts';
import { adminLimits } from '../../../system/limits/limits.ts';
import { inParallel } from '../concurrency.ts';
import {
  type AdminHost,
  configuredNames,
  connectTo,
  layoutIn,
  removedNames,
  requireSection,
} from '../host.ts';
import { type HostMonitors, monitorsOf } from '../monitors.ts';
import { OutcomePrinter, overallStatus, type VmOutcome } from '../outcome.ts';
import { shareOf, stopTurns } from './start-order.ts';

export interface StopRequest {
  /** Empty: all VMs, also those without section whose monitors run. */
  readonly names: readonly string[];
  /** For all VMs together; undefined: each has its stop_timeout. */
  readonly timeoutMs: number | undefined;
}

/** `umladmin stop`: stops guests cleanly, then their monitors, in reverse order of the start. Resolves to the exit status. */
export async function stopVms({ names, timeoutMs }: StopRequest, host: AdminHost): Promise<number> {
  const printer = new OutcomePrinter(host.json);
  const monitors = await monitorsOf(host.loaded.file);
  const wanted =
    names.length > 0 ? [...new Set(names)] : [...configuredNames(host.loaded), ...removedNames(host)];
  const deadline = timeoutMs === undefined ? undefined : performance.now() + timeoutMs;
  const turns = stopTurns(wanted.map((name) => ({ name, ...orderOf(name, host) })));
  for (const [place, turn] of turns.entries()) {
    const now = performance.now();
    const until = deadline === undefined ? undefined : now + shareOf(deadline - now, turns.length - place);
    await inParallel(turn, adminLimits.stopsAtOnce, ({ name }) =>
      printer.run(name, () => stopVm(name, until, monitors, host)),
    );
  }
  return overallStatus(printer.outcomes);
}

/** VMs without a configuration stop first: VMs that depend on them are not known either. */
function orderOf(name: string, { config }: AdminHost): { start_order: number; start_delay: number } {
  return config.vms.get(name) ?? { start_order: Number.POSITIVE_INFINITY, start_delay: 0 };
}

/**
 * Stops one VM and its monitor; at the time `until`, of performance.now(), its kernel is killed. Errors: CONFIG_NO_VM, VM_ALIVE,
 * STOP_FAILED, HOST_COMMAND, RPC_*.
 */
export async function stopVm(
  vm: string,
  until: number | undefined,
  monitors: HostMonitors,
  host: AdminHost,
): Promise<VmOutcome> {
  const client = (await connectTo(host.config, vm)) ?? (await adoptOrphan(vm, monitors, host));
  if (!client) {
    requireSection(vm, host.loaded);
    return { vm, did: 'untouched', text: 'no monitor runs', failure: null };
  }
  const began = performance.now();
  const outOfTime = new AbortController();
  const timer =
    until === undefined
      ? undefined
      : setTimeout(() => outOfTime.abort(lateError(vm)), Math.max(0, until - began));
  try {
    const { state, monitorPid } = await client.call('info', undefined, outOfTime.signal);
    if (state === 'unmanaged')
      throw new UmlmonError('VM_ALIVE', {
        place: vm,
        cause: 'an unmanaged kernel runs; kernel and monitor are not changed',
        hint: `umlwatch ${vm} -events -since 1`,
      });
    const ending = endInOrder(client, vm, monitorPid, monitors, outOfTime.signal);
    const said = await ending.catch((error: unknown) => {
      if (error !== outOfTime.signal.reason) throw error;
      return endAtOnce(vm, monitorPid, monitors, host);
    });
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    const did = outOfTime.signal.aborted ? 'killed' : 'stopped';
    return { vm, did, text: `${said}, after ${seconds} s`, failure: null };
  } finally {
    clearTimeout(timer);
    client.close();
  }
}

/** A kernel whose monitor was killed gets one, which takes it over: only a monitor knows how to stop it. */
async function adoptOrphan(
  vm: string,
  monitors: HostMonitors,
  { config }: AdminHost,
): Promise<MonitorClient | undefined> {
  if (!heldLock(layoutIn(config, vm).vmLock)) return undefined;
  await monitors.start(vm);
  return connectTo(config, vm);
}

/** Resolves to what became of the guest. */
async function endInOrder(
  client: MonitorClient,
  vm: string,
  pid: number,
  monitors: HostMonitors,
  signal: AbortSignal,
): Promise<string> {
  const said = await stopGuest(client, signal);
  await monitors.end(vm, pid, signal);
  return said;
}

async function stopGuest(client: MonitorClient, signal: AbortSignal): Promise<string> {
  try {
    return (await client.call('stop', { timeoutMs: 0 }, signal)).summary;
  } catch (error) {
    const { code } = toFailure(error);
    if (signal.aborted) throw signal.reason;
    // Already stopped, or busy: its monitor stops it at its own exit, after the current operation.
    if (code === 'STATE_WRONG' || code === 'STATE_BUSY') return 'monitor stopped';
    throw error;
  }
}

/** The time is over: nothing of the guest is asked any more. */
async function endAtOnce(vm: string, pid: number, monitors: HostMonitors, host: AdminHost): Promise<string> {
  const patience = AbortSignal.timeout(adminLimits.killWait);
  const client = await connectTo(host.config, vm);
  try {
    const summary = await client
      ?.call('kill', undefined, patience)
      .then((report) => report.summary)
      // Down already; or its monitor kills it when it leaves.
      .catch(() => undefined);
    await monitors.end(vm, pid, patience);
    return `${summary ?? 'monitor stopped'}: the time was over`;
  } catch (error) {
    if (!patience.aborted) throw error;
    throw new UmlmonError('STOP_FAILED', {
      place: vm,
      cause: `timeout: its monitor, process ${pid}, does not exit`,
      hint: `umlwatch ${vm} -info`,
    });
  } finally {
    client?.close();
  }
}

function lateError(place: string): UmlmonError {
  return new UmlmonError('RPC_TIMEOUT', {
    place,
    cause: 'its monitor did not answer in time',
    hint: `umlwatch ${place} -info`,
  });
}
