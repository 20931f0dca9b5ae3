import { wrongWith } from '../rpc/problem-advice.ts';
import type { GuestStats, VmInfo } from '../rpc/umlmonctrl.gen.ts';
import { failureText, toFailure } from '../system/errors/errors.ts';
import { printable } from '../system/text.ts';
import type { WirePoint, WireVm } from './wire.ts';

/** The measurements of a VM at one moment, from its monitor. */
export interface VmReading {
  /** Milliseconds since 1970, to be shown. */
  readonly time: number;
  /** The same on the clock of performance.now(), for rates. */
  readonly on: number;
  readonly info: VmInfo;
  /** Undefined of a guest that cannot be asked. */
  readonly stats: GuestStats | undefined;
}

const problemCharacters = 500;
/** As long as a text of the protocol that a page shows whole. */
const warningCharacters = 8000;

/** A VM as the dashboard shows it; rates are those since the look before. */
export function sampleOf(name: string, now: VmReading, before: VmReading | undefined): WireVm {
  const { info } = now;
  const hung = info.hungSince > 0;
  const warnings = wrongWith(info).map(({ text }) => text);
  return {
    name,
    state: info.state,
    since: info.stateSince,
    operation: info.operation,
    ready: info.readiness.ready,
    paused: info.paused !== null,
    hung,
    problem: printable(warnings[0] ?? '', problemCharacters),
    warnings: warnings.map((text) => printable(text, warningCharacters)),
    mem: info.mem,
    consoles: info.consoles.map(({ channel }) => channel),
    point: pointOf(now, before),
  };
}

/** A VM whose monitor does not answer, for the reason given. */
export function absent(name: string, error: unknown, time: number): WireVm {
  const failure = toFailure(error, name);
  const none = failure.code === 'MONITOR_UNREACHABLE' && failure.cause.startsWith('no monitor');
  return {
    name,
    state: none ? 'no-monitor' : 'unreachable',
    since: 0,
    operation: '',
    ready: false,
    paused: false,
    hung: false,
    problem: none ? '' : printable(failureText(failure), problemCharacters),
    warnings: none ? [] : [printable(failureText(failure), warningCharacters)],
    mem: 0,
    consoles: [],
    point: { time, ...nothing },
  };
}

const nothing = { cpu: null, memory: null, disk: null, network: null } as const;

function pointOf({ time, on, info, stats }: VmReading, before: VmReading | undefined): WirePoint {
  const memory = stats ? stats.memTotal - stats.memAvailable : null;
  // Counters restart with each kernel.
  const isSame = before && before.info.kernelPid === info.kernelPid && info.kernelPid > 0;
  if (!isSame) return { time, ...nothing, memory };
  const network = rate(networkBytes(info) - networkBytes(before.info), on - before.on);
  const then = before.stats;
  if (!stats || !then) return { time, ...nothing, memory, network };
  // The guest's own clock: that of the monitor's host may have been set meanwhile.
  const span = stats.uptimeMs - then.uptimeMs;
  const busy = busyMs(stats) - busyMs(then);
  const all = busy + stats.cpuIdleMs - then.cpuIdleMs + stats.cpuIowaitMs - then.cpuIowaitMs;
  return {
    time,
    cpu: all > 0 && busy >= 0 ? Math.min(100, Math.round((1000 * busy) / all) / 10) : null,
    memory,
    disk: rate(diskBytes(stats) - diskBytes(then), span),
    network,
  };
}

function busyMs({ cpuUserMs, cpuSystemMs }: GuestStats): number {
  return cpuUserMs + cpuSystemMs;
}

function diskBytes({ disks }: GuestStats): number {
  // A partition counts with its disk.
  return disks
    .filter(({ name }) => !/\d$/.test(name))
    .reduce((sum, { readBytes, writtenBytes }) => sum + readBytes + writtenBytes, 0);
}

function networkBytes({ networks }: VmInfo): number {
  return networks.reduce((sum, { received, sent }) => sum + received + sent, 0);
}

/** Bytes a second; null without a span, or when a counter has restarted. */
function rate(bytes: number, ms: number): number | null {
  return ms > 0 && bytes >= 0 ? Math.round((bytes * 1000) / ms) : null;
}
