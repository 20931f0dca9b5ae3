import type { VmConfig } from '../config/config.ts';
import { serviceLimits } from '../system/limits.ts';

/** A file for systemd.unit(5), with its path below the directory of units. */
export interface UnitFile {
  readonly path: string;
  readonly text: string;
}

/**
 * What systemd is to know of the VMs: which are started with the host, in which order, and what their services may take.
 * Drop-ins of units that are installed, umlmon.target and umlmon@.service, and a unit for each delay.
 */
export function unitFiles(vms: readonly VmConfig[]): UnitFile[] {
  const started = vms.filter(({ start }) => start !== 'off');
  const delayed = started.filter(({ start_delay }) => start_delay > 0);
  const wanted = [...started.map(serviceOf), ...delayed.map(delayOf)];
  return [
    { path: 'umlmon.target.d/vms.conf', text: unitText({ Unit: { Wants: wanted.join(' ') } }) },
    ...vms.map((vm) => ({ path: `${serviceOf(vm)}.d/vm.conf`, text: serviceText(vm, started) })),
    ...delayed.map((vm) => ({ path: delayOf(vm), text: delayText(vm) })),
  ];
}

/** Names of VMs need no escapes in the names of units. */
function serviceOf({ name }: VmConfig): string {
  return `umlmon@${name}.service`;
}

function delayOf({ name }: VmConfig): string {
  return `umlmon-delay-${name}.service`;
}

function serviceText(vm: VmConfig, started: readonly VmConfig[]): string {
  const before = started.filter(({ start_order }) => start_order < vm.start_order);
  const after = before.flatMap((one) => [serviceOf(one), ...(one.start_delay > 0 ? [delayOf(one)] : [])]);
  return unitText({
    ...(after.length > 0 ? { Unit: { After: after.join(' ') } } : {}),
    Service: {
      MemoryMax: vm.memory_max > 0 ? String(vm.memory_max) : 'infinity',
      CPUWeight: String(vm.cpu_weight),
      TasksMax: String(vm.max_processes + serviceLimits.ownTasks),
    },
  });
}

function delayText(vm: VmConfig): string {
  return unitText({
    Unit: { Description: `Delay after the VM ${vm.name}`, After: serviceOf(vm), PartOf: 'umlmon.target' },
    Service: { Type: 'oneshot', ExecStart: `/bin/sleep ${vm.start_delay / 1000}` },
  });
}

function unitText(sections: Readonly<Record<string, Readonly<Record<string, string>>>>): string {
  const texts = Object.entries(sections).map(
    ([name, settings]) =>
      `[${name}]\n${Object.entries(settings)
        .map(([key, value]) => `${key}=${value}\n`)
        .join('')}`,
  );
  return ['# Written by umlmon -units from the configuration of umlmon.\n', ...texts].join('\n');
}
