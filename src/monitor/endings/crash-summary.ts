/** Pure. */
import { sizeText } from '../../system/size-text.ts';
import { printable } from '../../system/text.ts';
import type { FileSystemFacts, HostFacts, ImageFileFacts } from '../program/host-facts.ts';
import type { CrashFacts } from './crash-facts.ts';

/** Events shown of those in the bundle. */
const eventsShown = 12;

/** A crash as text; times are UTC. All output of the guest is made safe to show. */
export function bundleSummary({ vm, version, exit, plan, screen, events, host }: CrashFacts): string[] {
  const end = exit.signal ? `signal ${exit.signal}` : `status ${exit.code}`;
  return [
    `${vm}: ${exit.cause} at ${time(exit.endedAt)} (${end}), after ${(host.vm.ranMs / 1000).toFixed(1)} s`,
    ...(exit.why ? [`why       ${printable(exit.why, 1000)}`] : []),
    ...(exit.panic ? [`panic     ${printable(exit.panic, 1000)}`] : []),
    ...(exit.con0Reason && exit.con0Reason !== exit.panic
      ? [`reason    ${printable(exit.con0Reason, 1000)}`]
      : []),
    `kernel    ${printable(host.vm.kernelVersion, 200)}`,
    `          ${plan.kernel.file}, pid ${host.vm.pid}, user ${plan.user.name}`,
    `memory    ${sizeText(plan.mem)} for the guest`,
    `cores     ${plan.cpus.join(',') || 'all'}`,
    `umlmon    ${version}, Node.js ${host.node}`,
    ...hostLines(host),
    ...host.images.map(imageLine),
    ...host.fileSystems.map(fileSystemLine),
    '',
    `last events (UTC)`,
    ...events
      .slice(-eventsShown)
      .map((event) => `  ${time(event.time).slice(11)}  ${event.kind}: ${printable(event.text, 200)}`),
    '',
    ...(exit.panic ? ['con0 before the call trace', ...indented(exit.lastLines.split('\n')), ''] : []),
    'last lines of con0',
    ...indented(screen),
  ];
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

function hostLines({ release, cores, load, uptime, memory, cgroups, oomKills }: HostFacts): string[] {
  const loads = load.map((value) => value.toFixed(2)).join(' ');
  return [
    `host      Linux ${release}, up ${Math.round(uptime)} s, load ${loads} on ${cores} cores`,
    `          ${sizeText(memory.MemAvailable ?? 0)} of ${sizeText(memory.MemTotal ?? 0)} memory available, ${sizeText(memory.SwapFree ?? 0)} swap free; ${oomKills} processes ended for lack of memory since its boot`,
    ...cgroups
      .filter(({ limit }) => Number.isFinite(limit))
      .map(
        ({ path, limit, free }) =>
          `          ${sizeText(free)} of the limit ${sizeText(limit)} of cgroup ${printable(path, 200)} available`,
      ),
  ];
}

function imageLine(image: ImageFileFacts): string {
  const name = `image     ubd${image.unit} ${image.path}`;
  if (image.error !== undefined) return `${name}: ${image.error}`;
  return `${name}: ${sizeText(image.size)}, ${sizeText(image.allocated)} on disk, modified ${time(image.modified)}`;
}

function fileSystemLine(fileSystem: FileSystemFacts): string {
  const name = `space     ${fileSystem.of}, ${fileSystem.path}`;
  if (fileSystem.error !== undefined) return `${name}: ${fileSystem.error}`;
  return `${name}: ${sizeText(fileSystem.free)} of ${sizeText(fileSystem.size)} free, ${fileSystem.filesFree} files`;
}

function time(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').replace(/\..*/, '');
}
