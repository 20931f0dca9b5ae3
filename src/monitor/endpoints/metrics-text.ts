/** Pure. */
import type { GuestStats, NetworkStats, VmInfo } from '../../rpc/umlmonctrl.gen.ts';

interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Family {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** What is known of a VM in the text form of OpenMetrics 1.0; `stats` is undefined when the guest cannot be asked. */
export function metricsText(info: VmInfo, stats: GuestStats | undefined): string {
  const vm = { vm: info.name };
  const families = [...ofMonitor(info), ...(stats ? ofGuest(stats) : [])];
  const lines = families.flatMap(({ name, type, help, samples }) => [
    `# TYPE ${name} ${type}`,
    `# HELP ${name} ${help}`,
    ...samples.map(
      ({ labels, value }) =>
        `${name}${type === 'counter' ? '_total' : ''}${labelText({ ...vm, ...labels })} ${value}`,
    ),
  ]);
  return `${lines.join('\n')}\n# EOF\n`;
}

function ofMonitor(info: VmInfo): Family[] {
  const gauge = (name: string, help: string, value: number): Family => ({
    name: `umlmon_${name}`,
    type: 'gauge',
    help,
    samples: [{ value }],
  });
  const bytes = (pick: 'bytesOut' | 'bytesIn') =>
    info.consoles.map((one) => ({ labels: { channel: one.channel }, value: one[pick] }));
  return [
    gauge('up', '1 if the kernel runs.', Number(info.state === 'running')),
    gauge('ready', '1 if the configured level of readiness is reached.', Number(info.readiness.ready)),
    gauge('paused', '1 if the guest is paused on request.', Number(info.paused !== null)),
    gauge('hung', '1 if the kernel does not answer.', Number(info.hungSince > 0)),
    gauge('memory_bytes', 'Memory of the guest.', info.mem),
    gauge('host_memory_bytes', 'Memory of the host that the guest takes.', info.hostMemory),
    {
      name: 'umlmon_warnings',
      type: 'counter',
      help: 'Warnings since the monitor started.',
      samples: [{ value: info.warningCount }],
    },
    {
      name: 'umlmon_refusals',
      type: 'counter',
      help: 'Refusals of peers over their share of a table.',
      samples: info.refusals.map(({ name, value }) => ({ labels: { table: name }, value: Number(value) })),
    },
    {
      name: 'umlmon_console_output_bytes',
      type: 'counter',
      help: 'Bytes from the guest.',
      samples: bytes('bytesOut'),
    },
    {
      name: 'umlmon_console_input_bytes',
      type: 'counter',
      help: 'Bytes to the guest.',
      samples: bytes('bytesIn'),
    },
  ];
}

function ofGuest(stats: GuestStats): Family[] {
  const gauge = (name: string, help: string, value: number): Family => ({
    name: `umlmon_guest_${name}`,
    type: 'gauge',
    help,
    samples: [{ value }],
  });
  const disks = (
    name: string,
    help: string,
    pick: 'reads' | 'writes' | 'readBytes' | 'writtenBytes',
  ): Family => ({
    name: `umlmon_guest_disk_${name}`,
    type: 'counter',
    help,
    samples: stats.disks.map((disk) => ({ labels: { disk: disk.name }, value: disk[pick] })),
  });
  const networks = (name: string, help: string, pick: Exclude<keyof NetworkStats, 'name'>): Family => ({
    name: `umlmon_guest_network_${name}`,
    type: 'counter',
    help,
    samples: stats.networks.map((one) => ({ labels: { interface: one.name }, value: one[pick] })),
  });
  const cpu = {
    user: stats.cpuUserMs,
    system: stats.cpuSystemMs,
    idle: stats.cpuIdleMs,
    iowait: stats.cpuIowaitMs,
  };
  return [
    gauge('uptime_seconds', 'Time since the guest booted.', stats.uptimeMs / 1000),
    gauge('load1', 'Load average of 1 minute.', stats.load1 / 100),
    gauge('load5', 'Load average of 5 minutes.', stats.load5 / 100),
    gauge('load15', 'Load average of 15 minutes.', stats.load15 / 100),
    gauge('tasks', 'Tasks of the guest.', stats.tasks),
    gauge('tasks_runnable', 'Tasks that run or could.', stats.tasksRunnable),
    gauge('memory_total_bytes', 'Memory that the guest kernel manages.', stats.memTotal),
    gauge('memory_free_bytes', 'Memory that nothing uses.', stats.memFree),
    gauge('memory_available_bytes', 'Memory that programs could have.', stats.memAvailable),
    {
      name: 'umlmon_guest_cpu_seconds',
      type: 'counter',
      help: 'Processor time of the guest.',
      samples: Object.entries(cpu).map(([mode, ms]) => ({ labels: { mode }, value: ms / 1000 })),
    },
    disks('reads', 'Reads done.', 'reads'),
    disks('writes', 'Writes done.', 'writes'),
    disks('read_bytes', 'Bytes read.', 'readBytes'),
    disks('written_bytes', 'Bytes written.', 'writtenBytes'),
    networks('received_bytes', 'Bytes received.', 'received'),
    networks('received_packets', 'Packets received.', 'receivedPackets'),
    networks('received_dropped', 'Packets that the guest did not take.', 'receivedDropped'),
    networks('sent_bytes', 'Bytes sent.', 'sent'),
    networks('sent_packets', 'Packets sent.', 'sentPackets'),
    networks('sent_dropped', 'Packets that the host did not take.', 'sentDropped'),
  ];
}

/** `{vm="vm1",disk="ubda"}`; a guest chooses no label but the names of its disks. */
function labelText(labels: Readonly<Record<string, string>>): string {
  const escaped = (text: string) => text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n');
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',')}}`;
}
