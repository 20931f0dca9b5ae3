/** The statistics of a guest from its /proc (proc(5)), typed. */
import type { DiskStats, GuestStats } from '../../rpc/umlmonctrl.gen.ts';
import { monitorLimits } from '../../system/limits/limits.ts';
import { parseMeminfo } from './guest-memory.ts';

/** Files of the guest's /proc that are read. Those of the network are not among them: its kernel cannot read them. */
export const statsFiles = ['loadavg', 'uptime', 'stat', 'meminfo', 'diskstats'] as const;
export type StatsFile = (typeof statsFiles)[number];

/** Sectors of /proc/diskstats, whatever the disk has. */
const sectorBytes = 512;
/** USER_HZ: 100 ticks a second, in /proc/stat. */
const tickMs = 10;

/** Undefined if a file does not have its form. `time` is in milliseconds since 1970. */
export function parseGuestStats(
  files: Readonly<Record<StatsFile, string>>,
  time: number,
): Omit<GuestStats, 'networks'> | undefined {
  const load = /^(\d{1,6})\.(\d\d) (\d{1,6})\.(\d\d) (\d{1,6})\.(\d\d) (\d{1,9})\/(\d{1,9}) /.exec(
    files.loadavg,
  );
  const uptime = /^(\d{1,12})\.(\d\d) /.exec(files.uptime);
  const cpu = /^cpu +(.*)$/m.exec(files.stat)?.[1]?.split(' ').map(Number) ?? [];
  const memory = parseMeminfo(files.meminfo);
  if (!load || !uptime || !memory || cpu.length < 7 || !cpu.every(isCount)) return undefined;
  const [, ...loads] = load.map(Number);
  const hundredths = (at: number) => (loads[at] ?? 0) * 100 + (loads[at + 1] ?? 0);
  const ms = (at: number) => (cpu[at] ?? 0) * tickMs;
  return {
    time,
    uptimeMs: Number(uptime[1]) * 1000 + Number(uptime[2]) * 10,
    load1: hundredths(0),
    load5: hundredths(2),
    load15: hundredths(4),
    tasksRunnable: loads[6] ?? 0,
    tasks: loads[7] ?? 0,
    cpuUserMs: ms(0) + ms(1),
    cpuSystemMs: ms(2) + ms(5) + ms(6),
    cpuIdleMs: ms(3),
    cpuIowaitMs: ms(4),
    memTotal: memory.total,
    memFree: memory.free,
    memAvailable: memory.available,
    disks: parseDisks(files.diskstats),
  };
}

function parseDisks(text: string): DiskStats[] {
  const form =
    /^ *\d{1,9} +\d{1,9} (\S{1,32}) (\d{1,15}) \d{1,15} (\d{1,12}) \d{1,15} (\d{1,15}) \d{1,15} (\d{1,12}) /gm;
  return [...text.matchAll(form)].slice(0, monitorLimits.statsDisks).map(([, name, ...numbers]) => {
    const [reads = 0, sectorsRead = 0, writes = 0, sectorsWritten = 0] = numbers.map(Number);
    const bytes = { readBytes: sectorsRead * sectorBytes, writtenBytes: sectorsWritten * sectorBytes };
    return { name: name ?? '', reads, writes, ...bytes };
  });
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value * tickMs) && value >= 0;
}
