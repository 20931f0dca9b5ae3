import { existsSync, readdirSync } from 'node:fs';
import { requireVm } from '../../config/config.ts';
import { vmNameDamage } from '../../config/names.ts';
import { daemonEnvironment } from '../../system/environment.ts';
import { heldLock } from '../../system/files/held-lock.ts';
import { adminLimits } from '../../system/limits/limits.ts';
import { requireHostCommand } from '../../system/processes/host-command.ts';
import { inParallel } from './concurrency.ts';
import { type AdminHost, configuredNames, connectTo, layoutIn } from './host.ts';
import { besideUs } from './monitors.ts';
import { OutcomePrinter, overallStatus, type VmOutcome } from './outcome.ts';

/**
 * `umladmin cleanup`: what VMs that do not run have left, as `umlmon -cleanup` does. Without names those that have neither
 * monitor nor kernel. Resolves to the exit status.
 */
export async function cleanUpVms(names: readonly string[], host: AdminHost): Promise<number> {
  const printer = new OutcomePrinter(host.json);
  const wanted = names.length > 0 ? [...new Set(names)] : namesWithLeftovers(host);
  await inParallel(wanted, adminLimits.startsAtOnce, async (vm) => {
    if (names.length > 0 || !(await lives(vm, host))) await printer.run(vm, () => cleanUpVm(vm, host));
  });
  return overallStatus(printer.outcomes);
}

/** Those that a monitor has served. */
function namesWithLeftovers({ loaded, config }: AdminHost): string[] {
  const { vardir } = config.global;
  const there = existsSync(vardir) ? readdirSync(vardir).filter((name) => !vmNameDamage(name)) : [];
  const names = new Set([...configuredNames(loaded), ...there]);
  return [...names].filter((vm) => existsSync(layoutIn(config, vm).run)).sort();
}

async function lives(vm: string, { config }: AdminHost): Promise<boolean> {
  const client = await connectTo(config, vm);
  client?.close();
  return client !== undefined || heldLock(layoutIn(config, vm).vmLock) !== undefined;
}

async function cleanUpVm(vm: string, { loaded }: AdminHost): Promise<VmOutcome> {
  if (loaded.broken.has(vm)) requireVm(loaded, vm);
  const stdout = await requireHostCommand(
    {
      program: besideUs('umlmon'),
      args: ['-config', loaded.file, '-cleanup', vm, '-json'],
      env: daemonEnvironment(process.env),
    },
    // A line, with the name of the program before it.
    { code: 'VM_CLEANUP', place: vm, clean: (words) => words.trim().replace(/^umlmon: (?:\S+: )?/, '') },
  );
  const { removed } = JSON.parse(stdout) as { removed: readonly string[] };
  if (removed.length === 0) return { vm, did: 'untouched', text: 'nothing is left over', failure: null };
  return { vm, did: 'removed', text: ['removed', ...removed].join('\n  '), failure: null };
}
