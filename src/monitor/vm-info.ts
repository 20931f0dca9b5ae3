import { clipText } from '../rpc/clip-text.ts';
import {
  type ExitRecord,
  type Hold,
  type Readiness,
  UMLMON_LIST_MAX,
  UMLMON_TEXT_MAX,
  type VmInfo,
} from '../rpc/umlmonctrl.gen.ts';
import { refusalCounts } from '../system/errors/refusals.ts';
import { describeDisk } from './disks/disk-info.ts';
import { hostMemory } from './guest/guest-memory.ts';
import type { KernelRun } from './kernel-run.ts';
import { networkInfos } from './networks/network-info.ts';
import type { Operation } from './operations.ts';
import type { VmContext, VmOwner } from './vm-parts.ts';
import type { StateMachine } from './vm-state.ts';

/** What a monitor knows of its VM at one moment. */
export interface VmSnapshot {
  readonly vm: Pick<VmContext, 'layout' | 'settings' | 'channels' | 'events' | 'warnings'>;
  readonly owner: VmOwner;
  readonly state: Pick<StateMachine, 'state' | 'since'>;
  readonly readiness: Readiness;
  readonly operation: Operation | undefined;
  readonly run: KernelRun | undefined;
  readonly lastExit: ExitRecord | null;
  readonly held: Hold | null;
}

/** The answer to INFO. Without a kernel, it has the values of the configuration. */
export function describeVm(snapshot: VmSnapshot): VmInfo {
  const { vm, owner, state, readiness, operation, run, lastExit, held } = snapshot;
  const { layout, channels, events, warnings } = vm;
  const config = vm.settings.vm;
  const kernel = run?.kernel;
  const plan = kernel?.plan;
  return {
    name: config.name,
    state: state.state,
    stateSince: state.since,
    operation: operation ? operationText(operation) : '',
    monitorPid: process.pid,
    tcp: owner.tcp,
    kernelPid: kernel?.pid ?? 0,
    kernelVersion: kernel?.version ?? '',
    user: plan?.user.name ?? config.vmuser,
    mem: plan?.mem ?? config.mem,
    cpus: plan?.cpus.join(',') ?? '',
    disks: kernel
      ? kernel.disks.all.map((disk) => describeDisk(disk, kernel.disks)).sort((a, b) => a.unit - b.unit)
      : [],
    hostMemory: hostMemory(kernel?.pid ?? 0),
    networks: networkInfos(config, layout, kernel?.networks.all),
    networkWarnings: (kernel?.networks.warnings ?? []).slice(0, UMLMON_LIST_MAX).map(({ what, hint }) => ({
      what: clipText(what, UMLMON_TEXT_MAX),
      hint: clipText(hint, UMLMON_TEXT_MAX),
    })),
    consoles: channels.infos(),
    mconsole: plan ? layout.mconsole : '',
    readiness,
    guestMessage: run?.guestMessage ?? '',
    guestValues: [...(run?.guestValues ?? [])].map(([name, value]) => ({
      name,
      value: clipText(value, UMLMON_TEXT_MAX),
    })),
    hungSince: run?.hungSince ?? 0,
    paused: run?.pause?.paused ?? null,
    lastExit,
    held,
    eventsNext: events.next,
    logDropped: owner.logDropped,
    warningCount: warnings.count,
    lastWarning: warnings.last,
    refusals: [...refusalCounts()].map(([name, value]) => ({ name, value: String(value) })),
    // A line of a configuration may have more bytes than a text of the protocol.
    settings: config.settings.map(({ key, value, origin }) => ({
      key,
      value: clipText(value, UMLMON_TEXT_MAX),
      origin: clipText(origin, UMLMON_TEXT_MAX),
    })),
  };
}

function operationText({ name, id, by, progress }: Operation): string {
  const percent = progress ? `, ${Math.floor((100 * progress.done) / Math.max(1, progress.total))} %` : '';
  return `${name} (operation ${id}, asked by ${by}${percent})`;
}
