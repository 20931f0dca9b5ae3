import type { GuestStats } from '../../rpc/umlmonctrl.gen.ts';
import { sizeText } from '../../system/size-text.ts';
import { printable } from '../../system/text.ts';
import { ageText, rows } from './render.ts';

/** The statistics of a guest as text. */
export function statsText(vm: string, stats: GuestStats): string {
  const load = [stats.load1, stats.load5, stats.load15].map((hundredths) => (hundredths / 100).toFixed(2));
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  const { cpuUserMs, cpuSystemMs, cpuIdleMs, cpuIowaitMs } = stats;
  const cpu = `${seconds(cpuUserMs)} user, ${seconds(cpuSystemMs)} system`;
  return [
    vm,
    ...rows([
      ['uptime', ageText(0, stats.uptimeMs)],
      ['load', load.join(' ')],
      ['tasks', `${stats.tasks}, ${stats.tasksRunnable} runnable`],
      ['processor', `${cpu}, ${seconds(cpuIdleMs)} idle, ${seconds(cpuIowaitMs)} waiting for disks`],
      [
        'memory',
        `${sizeText(stats.memTotal)}, ${sizeText(stats.memFree)} free, ${sizeText(stats.memAvailable)} available`,
      ],
      ...stats.disks.map(({ name, reads, readBytes, writes, writtenBytes }) => [
        printable(name, 32),
        `${reads} reads (${sizeText(readBytes)}), ${writes} writes (${sizeText(writtenBytes)})`,
      ]),
      ...stats.networks.map((one) => [
        printable(one.name, 32),
        `${trafficText('received', one.received, one.receivedPackets, one.receivedDropped)}, ` +
          trafficText('sent', one.sent, one.sentPackets, one.sentDropped),
      ]),
    ]),
  ].join('\n');
}

function trafficText(verb: string, bytes: number, packets: number, dropped: number): string {
  const lost = dropped > 0 ? `, ${dropped} lost` : '';
  return `${packets} packets ${verb} (${sizeText(bytes)}${lost})`;
}
