import { requireVm } from '../../config/config.ts';
import { effectTexts } from '../../config/keys/key.ts';
import type { SettingChange } from '../../rpc/umlmonctrl.gen.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import { adminLimits } from '../../system/limits/limits.ts';
import { printable } from '../../system/text.ts';
import { rows } from '../print/render.ts';
import { canAsk, confirm } from '../prompt/confirm.ts';
import { inParallel } from './concurrency.ts';
import { type AdminHost, configuredNames, connectTo, removedNames } from './host.ts';
import { startVms } from './lifecycle/start.ts';
import { stopVm } from './lifecycle/stop.ts';
import { type HostMonitors, monitorsOf } from './monitors.ts';
import { OutcomePrinter, overallStatus, type VmOutcome } from './outcome.ts';

export interface UpdateRequest {
  /** Empty: all VMs, also those that have no section any more. */
  readonly names: readonly string[];
  /** Only print the changes, make none. */
  readonly dryRun: boolean;
  /** Do not ask before VMs without section are stopped. */
  readonly yes: boolean;
}

/**
 * `umladmin update`: monitors take what needs no new start, VMs without section are stopped, those without monitor started.
 * Resolves to the exit status.
 */
export async function updateVms(request: UpdateRequest, host: AdminHost): Promise<number> {
  const { names, dryRun } = request;
  const printer = new OutcomePrinter(host.json);
  const isWanted = (name: string) => names.length === 0 || names.includes(name);
  const removed = removedNames(host);
  const known = [...configuredNames(host.loaded), ...removed];
  const present = [
    ...configuredNames(host.loaded).filter(isWanted),
    ...names.filter((name) => !known.includes(name)),
  ];
  const missing: string[] = [];
  const monitors = await monitorsOf(host.loaded.file);
  if (!dryRun) await monitors.reload();
  await inParallel(present, adminLimits.asksAtOnce, async (name) => {
    const { start = 'off' } = host.config.vms.get(name) ?? {};
    if (start === 'off' || (await isServed(name, host)))
      await printer.run(name, () => updateVm(name, dryRun, host));
    else missing.push(name);
  });
  // One after the other, as there may be questions.
  for (const name of removed.filter(isWanted))
    await printer.run(name, () => endRemoved(name, request, monitors, host), canAsk() ? 'asks' : 'shown');
  if (dryRun) for (const name of missing) await printer.run(name, async () => wouldStart(name));
  else if (missing.length > 0)
    await startVms({ names: missing, level: undefined, timeoutMs: undefined }, host, printer);
  return overallStatus(printer.outcomes);
}

/** Whether a process serves the control socket, with or without errors. */
function isServed(vm: string, { config }: AdminHost): Promise<boolean> {
  return connectTo(config, vm).then(
    (client) => {
      client?.close();
      return client !== undefined;
    },
    () => true,
  );
}

function wouldStart(vm: string): VmOutcome {
  return { vm, did: 'started', text: 'has no monitor; it would be started', failure: null };
}

async function updateVm(name: string, dryRun: boolean, host: AdminHost): Promise<VmOutcome> {
  requireVm(host.loaded, name);
  const client = await connectTo(host.config, name);
  if (!client) return { vm: name, did: 'off', text: 'no monitor (start = off)', failure: null };
  try {
    const { changes } = await client.call('update', { dryRun });
    const did = changes.length > 0 ? 'changed' : 'unchanged';
    return { vm: name, did, text: changesText(changes), changes, failure: null };
  } finally {
    client.close();
  }
}

/** A monitor whose VM was taken out of the configuration. */
async function endRemoved(
  vm: string,
  { dryRun, yes }: UpdateRequest,
  monitors: HostMonitors,
  host: AdminHost,
): Promise<VmOutcome> {
  const client = await connectTo(host.config, vm);
  client?.close();
  const outcome = (did: string, text: string): VmOutcome => ({ vm, did, text, failure: null });
  if (!client) return outcome('unchanged', 'not in the configuration, and has no monitor');
  if (dryRun) return outcome('removed', 'not in the configuration any more; it would be stopped');
  if (!yes && !(canAsk() && (await confirm(`Stop ${vm}, which is not in the configuration any more?`))))
    throw new UmlmonError('VM_REMOVED', {
      place: vm,
      cause: 'the VM is no longer in the configuration, and was not changed',
      hint: 'umladmin update -yes stops it',
    });
  const stopped = await stopVm(vm, undefined, monitors, host);
  return outcome('removed', `not in the configuration any more: ${stopped.text}`);
}

function changesText(changes: readonly SettingChange[]): string {
  if (changes.length === 0) return 'unchanged';
  const shown = (text: string) => (text === '' ? '(nothing)' : printable(text, 200));
  const cells = changes.map(({ section, key, before, after, effect }) => [
    section === 'GLOBAL' ? `[GLOBAL] ${key}` : key,
    `${shown(before)} → ${shown(after)}`,
    effectTexts[effect],
  ]);
  return [`${changes.length === 1 ? '1 change' : `${changes.length} changes`}`, ...rows(cells)].join('\n');
}
