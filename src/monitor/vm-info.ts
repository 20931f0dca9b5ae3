import type { VmConfig } from '../config/config.ts';
import { clipText } from '../rpc/clip-text.ts';
import {
  type ConsoleInfo,
  type ExitRecord,
  type Hold,
  type HostWarning,
  type NetworkInfo,
  type Readiness,
  UMLMON_LIST_MAX,
  UMLMON_TEXT_MAX,
  type VmInfo,
  type VmState,
} from '../rpc/umlmonctrl.gen.ts';
import { refusalCounts } from '../system/errors/refusals.ts';
import { describeDisk } from './disks/disk-info.ts';
import { hostMemory } from './guest/guest-memory.ts';
import type { GuestValues } from './guest/guest-values.ts';
import type { Paused } from './guest/pause.ts';
import type { Operation } from './operations.ts';
import type { RunningKernel } from './running-kernel.ts';

/** What a monitor knows of its VM at one moment. */
export interface VmSnapshot {
  readonly config: VmConfig;
  readonly state: VmState;
  readonly stateSince: number;
  readonly operation: Operation | undefined;
  readonly monitorPid: number;
  readonly kernel: RunningKernel | undefined;
  /** `ADDRESS:PORT`, or '' without TCP. */
  readonly tcp: string;
  /** Host path of the kernel's management socket. */
  readonly mconsole: string;
  readonly guestMessage: string;
  readonly guestValues: GuestValues;
  readonly readiness: Readiness;
  readonly consoles: readonly ConsoleInfo[];
  readonly networks: readonly NetworkInfo[];
  /** What is wrong now with the network of the host. */
  readonly warnings: readonly HostWarning[];
  readonly lastExit: ExitRecord | null;
  readonly eventsNext: number;
  readonly logDropped: number;
  readonly troubles: number;
  readonly lastTrouble: string;
  /** Milliseconds since 1970; 0 if the kernel does not hang. */
  readonly hungSince: number;
  readonly held: Hold | null;
  readonly paused: Paused | null;
}

/** The answer to INFO; of a VM that is down it tells what the configuration says. */
export function describeVm({
  config,
  operation,
  kernel,
  mconsole,
  guestValues,
  warnings,
  ...rest
}: VmSnapshot): VmInfo {
  const plan = kernel?.plan;
  return {
    ...rest,
    name: config.name,
    operation: operation ? operationText(operation) : '',
    kernelPid: kernel?.pid ?? 0,
    kernelVersion: kernel?.version ?? '',
    user: plan?.user.name ?? config.vmuser,
    mem: plan?.mem ?? config.mem,
    cpus: plan?.cpus.join(',') ?? '',
    disks: kernel
      ? kernel.disks.all.map((disk) => describeDisk(disk, kernel.disks)).sort((a, b) => a.unit - b.unit)
      : [],
    hostMemory: hostMemory(kernel?.pid ?? 0),
    warnings: warnings.slice(0, UMLMON_LIST_MAX).map(({ what, hint }) => ({
      what: clipText(what, UMLMON_TEXT_MAX),
      hint: clipText(hint, UMLMON_TEXT_MAX),
    })),
    mconsole: plan ? mconsole : '',
    refusals: [...refusalCounts()].map(([name, value]) => ({ name, value: String(value) })),
    guestValues: [...guestValues].map(([name, value]) => ({ name, value: clipText(value, UMLMON_TEXT_MAX) })),
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
