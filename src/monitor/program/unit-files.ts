/** Pure. */
import type { Config, GlobalConfig, VmConfig } from '../../config/config.ts';
import { tmpfsBytes } from '../../jail/sandbox/mounts.ts';
import { registrationPlace } from '../../rpc/client/registration-place.ts';
import { serviceLimits } from '../../system/limits/limits.ts';
import { serviceNeeds, type UnitHost } from './unit-needs.ts';

/** A file for systemd.unit(5), with its path below the directory of units. */
export interface UnitFile {
  readonly path: string;
  readonly text: string;
}

/**
 * What systemd is to know of the VMs: which are started with the host, in which order, and what their services may take.
 * Drop-ins of units that are installed, umlmon.target and umlmon@.service, and a unit for each delay.
 */
export function unitFiles(config: Config | undefined, host: UnitHost | undefined): UnitFile[] {
  const vms = [...(config?.vms.values() ?? [])];
  const started = vms.filter(({ start }) => start !== 'off');
  const delayed = started.filter(({ start_delay }) => start_delay > 0);
  const wanted = [...started.map(serviceOf), ...delayed.map(delayOf)];
  return [
    { path: 'umlmon.target.d/vms.conf', text: unitText({ Unit: [['Wants', wanted.join(' ')]] }) },
    ...vms.map((vm) => ({
      path: `${serviceOf(vm)}.d/vm.conf`,
      text: serviceText(vm, started, config && host ? serviceNeeds(vm, config.global, host) : []),
    })),
    ...delayed.map((vm) => ({ path: delayOf(vm), text: delayText(vm) })),
    ...(config ? [{ path: 'umldir.service.d/configured.conf', text: umldirText(config.global) }] : []),
    ...(config ? [{ path: 'umlweb.service.d/configured.conf', text: umlwebText(config.global) }] : []),
  ];
}

/** Names of VMs need no escapes in the names of units. */
function serviceOf({ name }: VmConfig): string {
  return `umlmon@${name}.service`;
}

function delayOf({ name }: VmConfig): string {
  return `umlmon-delay-${name}.service`;
}

function serviceText(vm: VmConfig, started: readonly VmConfig[], needs: readonly Setting[]): string {
  const before = started.filter(({ start_order }) => start_order < vm.start_order);
  const after = before.flatMap((one) => [serviceOf(one), ...(one.start_delay > 0 ? [delayOf(one)] : [])]);
  return unitText({
    ...(after.length > 0 ? { Unit: [['After', after.join(' ')]] } : {}),
    Service: [
      ['MemoryMax', String(memoryMax(vm))],
      ['CPUWeight', String(vm.cpu_weight)],
      ['TasksMax', String(vm.max_processes + serviceLimits.ownTasks)],
      ...needs,
    ],
  });
}

/** Bytes. The memory of the guest is a tmpfs, which counts. */
function memoryMax({ memory_max, mem, max_processes }: VmConfig): number | 'infinity' {
  if (memory_max === 'auto')
    return tmpfsBytes(mem) + serviceLimits.memoryBase + max_processes * serviceLimits.memoryPerProcess;
  return memory_max > 0 ? memory_max : 'infinity';
}

function delayText(vm: VmConfig): string {
  return unitText({
    Unit: [
      ['Description', `Delay after the VM ${vm.name}`],
      ['After', serviceOf(vm)],
      ['PartOf', 'umlmon.target'],
    ],
    Service: [
      ['Type', 'oneshot'],
      ['ExecStart', `/bin/sleep ${vm.start_delay / 1000}`],
    ],
  });
}

/** It is its own user, for whom root makes the directory of its socket. */
function umldirText({ rundir, umldir_user, umldir_port, umlredir_port }: GlobalConfig): string {
  const { directory } = registrationPlace(rundir);
  const user = umldir_user === '' ? 'umldir' : umldir_user;
  return unitText({
    Service: [
      ...(umldir_user === '' ? [] : userSettings(user)),
      ['ExecStartPre', `+/usr/bin/install -d -m 0755 ${word(rundir)}`],
      ['ExecStartPre', `+/usr/bin/install -d -m 0700 -o ${user} ${word(directory)}`],
      ['ReadWritePaths', word(`-${directory}`)],
      ...(isPrivileged(umldir_port) || isPrivileged(umlredir_port) ? lowPorts : []),
    ],
  });
}

function umlwebText({ web_user, web_listen }: GlobalConfig): string {
  return unitText({
    Service: [
      ...(web_user === 'umlweb' ? [] : userSettings(web_user)),
      ...(isPrivileged(web_listen.port) ? lowPorts : []),
    ],
  });
}

/** Its group is then that of the account. */
function userSettings(user: string): readonly Setting[] {
  return [
    ['User', user],
    ['Group', ''],
  ];
}

const lowPorts: readonly Setting[] = [
  ['AmbientCapabilities', 'CAP_NET_BIND_SERVICE'],
  ['CapabilityBoundingSet', 'CAP_NET_BIND_SERVICE'],
];

/** Quoted as one string of systemd.syntax(7). */
function word(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&').replaceAll('%', '%%')}"`;
}

function isPrivileged(port: number): boolean {
  return port > 0 && port < 1024;
}

type Setting = readonly [name: string, value: string];

function unitText(sections: Readonly<Record<string, readonly Setting[]>>): string {
  const texts = Object.entries(sections).map(
    ([name, settings]) => `[${name}]\n${settings.map(([key, value]) => `${key}=${value}\n`).join('')}`,
  );
  return ['# Written by umlmon -units from the configuration of umlmon.\n', ...texts].join('\n');
}
