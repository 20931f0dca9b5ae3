import { wrongWith } from '../../rpc/problem-advice.ts';
import type {
  BackupList,
  ConsoleInfo,
  DiskInfo,
  Event,
  ExitRecord,
  Hold,
  NetworkInfo,
  OperationReport,
  PauseInfo,
  SecurityList,
  Setting,
  VmInfo,
} from '../../rpc/umlmonctrl.gen.ts';
import { consoleLimits } from '../../system/limits/limits.ts';
import { sizeText } from '../../system/size-text.ts';
import { printable } from '../../system/text.ts';
import type { Reached } from '../wait/wait-outcome.ts';

/** `2026-11-21 09:30:05` in the user's time zone. */
export function timeText(ms: number): string {
  const date = new Date(ms);
  const two = (n: number) => String(n).padStart(2, '0');
  return (
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
    `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  );
}

/** Time since `ms`, in the two largest units: `2 h 5 min`. */
export function ageText(ms: number, now: number): string {
  const seconds = Math.max(0, Math.floor((now - ms) / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86400)} d ${Math.floor((seconds % 86400) / 3600)} h`;
}

/** How a guest ended; its panic text is another line. */
export function exitText(exit: ExitRecord): string {
  const how = exit.signal ? `signal ${exit.signal}` : `status ${exit.code}`;
  const by = exit.askedBy && `, asked by ${exit.askedBy}`;
  return `${exit.cause} at ${timeText(exit.endedAt)} (${how}${by})`;
}

/** `gave up at 2026-11-21 09:30:05: more than 5 deaths in 600 s (restart_limit)` */
function holdText({ kind, since, why }: Hold): string {
  return `${kind === 'restart-limit' ? 'gave up at' : 'preserved since'} ${timeText(since)}: ${why}`;
}

/** `for 12 s, requested by uid 0, until 2026-11-21 09:30:05` */
export function pauseText({ since, by, resumesAt }: PauseInfo, now: number): string {
  const end = resumesAt ? `until ${timeText(resumesAt)} (pause_limit)` : 'without limit';
  return `for ${ageText(since, now)}, requested by ${by}, ${end}`;
}

/** Text of a guest or a setting, which may hold anything. */
function shown(text: string): string {
  return printable(text, 1000);
}

/** Lines of con0 shown after a crash; of a panic, all that the record has: those before the call trace. */
const crashLines = 8;

/** The last output of con0 before an unexpected exit. */
function crashText({ cause, lastLines, con0Reason }: ExitRecord): string[] {
  if ((cause !== 'crash' && cause !== 'hang' && cause !== 'error') || lastLines === '') return [];
  const all = lastLines.split('\n');
  const lines = con0Reason ? all : all.slice(-crashLines);
  return ['last lines of con0', ...lines.map((line) => `  ${shown(line)}`)];
}

/** Rows of columns, each padded to its widest. */
export function rows(entries: readonly (readonly string[])[]): string[] {
  const widths = (entries[0] ?? []).map((_, column) =>
    Math.max(...entries.map((entry) => entry[column]?.length ?? 0)),
  );
  return entries.map((entry) =>
    `  ${entry.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  );
}

/** `ubd1  /disks/data.cow over /shared/disks/base.dsk  64 MiB, 1.2 MiB used  ro, plugged` */
function diskRow({ unit, path, backing, flags, size, allocated, plugged }: DiskInfo): string[] {
  return [
    `ubd${unit}`,
    backing ? `${path} over ${backing}` : path,
    `${sizeText(size)}, ${sizeText(allocated)} used`,
    [...(flags ? [flags] : []), ...(plugged ? ['plugged'] : [])].join(', '),
  ];
}

/** Everything about a VM as text; at most 80 columns, unless a path or value is long. */
export function infoText(info: VmInfo, now: number): string {
  const optional = (name: string, value: string): [string, string][] => (value ? [[name, value]] : []);
  const exit = info.lastExit;
  return [
    info.name,
    ...wrongWith(info).map(({ text, fix }) => `  wrong: ${text} (${fix})`),
    ...rows([
      ['state', `${info.state} for ${ageText(info.stateSince, now)}`],
      ...optional('hung since', info.hungSince ? timeText(info.hungSince) : ''),
      ...optional('held', info.held ? holdText(info.held) : ''),
      ...optional('paused', info.paused ? pauseText(info.paused, now) : ''),
      ...optional('operation', info.operation),
      ['monitor', `pid ${info.monitorPid}`],
      ...optional('tcp', info.tcp),
      ...optional('kernel', info.kernelPid ? `pid ${info.kernelPid}, user ${info.user}` : ''),
      ...optional('version', shown(info.kernelVersion)),
      [
        'memory',
        sizeText(info.mem) + (info.hostMemory > 0 ? `, ${sizeText(info.hostMemory)} in use on the host` : ''),
      ],
      ...optional('cores', info.cpus),
      ...optional('mconsole', info.mconsole),
      ...optional('ready', readinessText(info)),
      ...optional('guest text', shown(info.guestMessage)),
      ...optional(
        'guest keys',
        info.guestValues.map(({ name, value }) => `${name}=${shown(value)}`).join(', '),
      ),
      ...optional('last exit', exit ? exitText(exit) : ''),
      ...optional('why', shown(exit?.why ?? '')),
      ...optional('panic', shown(exit?.panic ?? '')),
      ...optional('reason', shown(exit && exit.con0Reason !== exit.panic ? exit.con0Reason : '')),
      ...optional(
        'warnings',
        info.warningCount > 0 ? `${info.warningCount}, the last: ${shown(info.lastWarning)}` : '',
      ),
      ...optional('refused', info.refusals.map(({ name, value }) => `${shown(name)} ${value}`).join(', ')),
      ...optional(
        'log',
        info.logDropped > 0 ? `${sizeText(info.logDropped)} of the monitor's own are missing` : '',
      ),
      ...optional('bundle', shown(exit?.bundle ?? '')),
    ]),
    ...(exit ? crashText(exit) : []),
    ...(info.disks.length > 0 ? ['disks', ...rows(info.disks.map(diskRow))] : []),
    ...(info.consoles.length > 0 ? ['consoles', ...rows(info.consoles.map(consoleRow))] : []),
    ...(info.networks.length > 0 ? ['networks', ...rows(info.networks.map(networkRow))] : []),
    ...info.networks.flatMap(guestLines),
    ...settingsLines(info.settings),
  ].join('\n');
}

/** `yes (kernel); launched after 12 ms, kernel 31 ms`, for a VM that is more than down. */
function readinessText({ state, readiness: { configured, ready, reached } }: VmInfo): string {
  if (reached.length === 0 && state !== 'starting') return '';
  const times = reached.map(
    ({ level, elapsedMs }, i) => `${level}${i === 0 ? ' after' : ''} ${elapsedMs} ms`,
  );
  return [
    `${ready ? 'yes' : 'not yet'} (${configured})`,
    ...(times.length > 0 ? [times.join(', ')] : []),
  ].join('; ');
}

function consoleRow(info: ConsoleInfo): string[] {
  const { channel, viewers, bytesOut, bytesIn, logged, logDropped, logError, maybeLost } = info;
  const { inputWaiting, inputWaitedMs } = info;
  const isStuck = inputWaiting > 0 && inputWaitedMs >= consoleLimits.notReadTime;
  const failing = logError && ` (${shown(logError)})`;
  const lost = logDropped > 0 ? `, but ${sizeText(logDropped)} are missing${failing}` : '';
  const taken = maybeLost > 0 ? `, up to ${sizeText(maybeLost)} lost with a previous monitor` : '';
  return [
    channel,
    `${sizeText(bytesOut)} out`,
    `${sizeText(bytesIn)} in`,
    viewers === 1 ? '1 viewer' : `${viewers} viewers`,
    logged ? `logged${lost}${taken}` : '',
    isStuck ? `the guest is not reading: ${sizeText(inputWaiting)} of input wait` : '',
  ];
}

const linkText: Readonly<Record<NetworkInfo['link'], string>> = {
  unknown: '',
  down: 'not up in the guest',
  up: 'up',
};

function networkRow(info: NetworkInfo): string[] {
  const { unit, kind, guestInterface, hostInterface, mac, link, received, sent, plugged, settled } = info;
  const bytes = link === 'unknown' ? ['', ''] : [`${sizeText(received)} in`, `${sizeText(sent)} out`];
  const notes = [...(plugged ? ['plugged'] : []), ...(settled ? [] : ['unsure: unplug it'])].join(', ');
  return [
    `eth${unit}`,
    kind,
    `${guestInterface} of the guest`,
    hostInterface,
    linkText[link],
    ...bytes,
    mac,
    notes,
  ];
}

/** What to type in a guest whose interface is not up. */
function guestLines({ guestInterface, link, guestCommands }: NetworkInfo): string[] {
  if (link === 'up' || guestCommands.length === 0) return [];
  return [`to use ${guestInterface}, type in the guest`, ...guestCommands.map((line) => `  ${line}`)];
}

/** Settings by the file that they come from, with the number of the line; then the defaults. */
export function settingsLines(settings: readonly Setting[]): string[] {
  const files = new Map<string, string[][]>();
  for (const { key, value, origin } of settings) {
    const [, file, line = ''] = /^(.*):(\d+)$/.exec(origin) ?? ['', origin];
    const known = files.get(file ?? '') ?? [];
    files.set(file ?? '', [...known, [...(line ? [line] : []), key, shown(value) || '(empty)']]);
  }
  const sources = [...files].sort(([a], [b]) => Number(a === 'default') - Number(b === 'default'));
  return sources.flatMap(([file, entries]) => [
    file === 'default' ? 'default settings' : `settings of ${file}, by line`,
    ...rows(entries),
  ]);
}

export function operationText(vm: string, report: OperationReport): string {
  return `${vm}: ${shown(report.summary)}${report.joined ? ' (joined an operation in progress)' : ''}`;
}

/** Name, time, size, how the guest was, and pause of each backup, from the oldest to the newest. */
export function backupsText(vm: string, { directory, backups }: BackupList): string {
  if (backups.length === 0) return `${vm}: no backups in ${shown(directory)}`;
  const entries = backups.map(({ name, takenAt, bytes, consistency, pauseMs, sound, images }) => [
    shown(name),
    timeText(takenAt),
    sizeText(bytes),
    `${images.length} image${images.length === 1 ? '' : 's'}`,
    consistency,
    `paused ${pauseMs} ms${sound ? '' : ', HAS ERRORS'}`,
  ]);
  return [`backups in ${shown(directory)}`, ...rows(entries)].join('\n');
}

export function reachedText(vm: string, reached: Reached): string {
  if (reached.level === 'stopped') return `${vm}: stopped${reached.cause && ` (${reached.cause})`}`;
  return `${vm}: ${reached.level}, after ${reached.elapsedMs} ms`;
}

/** A line for each security event; those of other hosts are made harmless here, too. */
export function securityLines({ events, dropped }: SecurityList): string[] {
  const lines = events.map(({ time, count, kind, who, from, what, result }) => {
    const where = from === '' || who.includes(from) ? '' : ` from ${from}`;
    const times = count > 1 ? ` (${count} times)` : '';
    const [by, said] = [shown(`${who}${where}`), shown(what)];
    return `${timeText(time)}  ${shown(kind)}: ${by}: ${said}: ${shown(result)}${times}`;
  });
  if (dropped > 0) lines.unshift(`${dropped} older ones are not held any more; see log/security.log`);
  return lines.length > 0 ? lines : ['no security events'];
}

export function eventText({ sequence, time, kind, text }: Event): string {
  return `${timeText(time)}  ${String(sequence).padStart(3)}  ${kind}: ${shown(text)}`;
}
