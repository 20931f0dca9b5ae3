import type { Event, ExitRecord, OperationReport, VmInfo } from '../rpc/umlmonctrl.gen.ts';

/** `2026-11-21 09:30:05` in the user's time zone. */
export function timeText(ms: number): string {
  const date = new Date(ms);
  const two = (n: number) => String(n).padStart(2, '0');
  return (
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
    `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  );
}

/** Bytes with the largest binary unit that divides them to at most one decimal: `128 MiB`. */
export function sizeText(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${Number.isInteger(value) ? value : value.toFixed(1)} ${units[unit]}`;
}

/** Time since `ms`, in the two largest units: `2 h 5 min`. */
export function ageText(ms: number, now: number): string {
  const seconds = Math.max(0, Math.floor((now - ms) / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86400)} d ${Math.floor((seconds % 86400) / 3600)} h`;
}

/** How a guest ended, in words. */
export function exitText(exit: ExitRecord): string {
  const how = exit.signal ? `signal ${exit.signal}` : `status ${exit.code}`;
  const by = exit.askedBy && `, asked by ${exit.askedBy}`;
  const panic = exit.panic && `: ${exit.panic}`;
  return `${exit.cause} (${how}${by}) at ${timeText(exit.endedAt)}${panic}`;
}

/** Rows of two columns, the first one padded. */
function rows(entries: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...entries.map(([name]) => name.length));
  return entries.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`);
}

export function infoText(info: VmInfo, now: number): string {
  const optional = (name: string, value: string): [string, string][] => (value ? [[name, value]] : []);
  const head: [string, string][] = [
    ['state', `${info.state} for ${ageText(info.stateSince, now)}`],
    ...optional('operation', info.operation),
    ['monitor', `pid ${info.monitorPid}`],
    ...optional('kernel', info.kernelPid ? `pid ${info.kernelPid}, user ${info.user}` : ''),
    ...optional('version', info.kernelVersion),
    ['memory', sizeText(info.mem)],
    ...optional('cores', info.cpus),
    ...optional('mconsole', info.mconsole),
    ...optional('guest says', info.guestMessage),
    ...optional('last exit', info.lastExit ? exitText(info.lastExit) : ''),
  ];
  const consoles = info.consoles.map(
    ({ channel, viewers, bytesOut, bytesIn, logDropped, logged }): [string, string] => [
      channel,
      `${viewers} viewer${viewers === 1 ? '' : 's'}, ${sizeText(bytesOut)} out, ${sizeText(bytesIn)} in` +
        `${logged ? ', logged' : ''}${logDropped ? `, ${sizeText(logDropped)} missing in the log` : ''}`,
    ],
  );
  return [
    info.name,
    ...rows(head),
    ...(consoles.length > 0 ? ['consoles', ...rows(consoles)] : []),
    'settings',
    ...rows(info.settings.map(({ key, value, origin }) => [key, `${value || '(empty)'}  [${origin}]`])),
  ].join('\n');
}

export function operationText(vm: string, report: OperationReport): string {
  return `${vm}: ${report.summary}${report.joined ? ' (joined an operation in progress)' : ''}`;
}

export function eventText({ sequence, time, kind, text }: Event): string {
  return `${timeText(time)} ${String(sequence).padStart(4)} ${kind}: ${text}`;
}
