import { existsSync, readFileSync } from 'node:fs';
import type { VmConfig } from '../../config/config.ts';
import { UmlmonError } from '../../system/errors/errors.ts';

/** The limits that the host's cgroup2 enforces; undefined where unknown. */
export interface CgroupLimits {
  /** Of this process, cgroups(7): `/system.slice/…`. */
  readonly path: string;
  readonly memoryMax: string | undefined;
  readonly cpuWeight: string | undefined;
}

/** The limits of the cgroup of this process. */
export function ownCgroupLimits(): CgroupLimits {
  const path = /^0::(.*)$/m.exec(textOf('/proc/self/cgroup') ?? '')?.[1] ?? '';
  const value = (file: string) => textOf(`/sys/fs/cgroup${path}/${file}`)?.trim();
  return { path, memoryMax: value('memory.max'), cpuWeight: value('cpu.weight') };
}

/** The limits of the configuration that are not enforced; undefined without any. */
export function unkeptLimits(
  { name, memory_max, cpu_weight }: Pick<VmConfig, 'name' | 'memory_max' | 'cpu_weight'>,
  found: CgroupLimits,
  hasSystemd = existsSync('/run/systemd/system'),
): UmlmonError | undefined {
  const unkept = [
    ...(memory_max !== 'auto' && memory_max > 0 && found.memoryMax !== String(memory_max)
      ? ['memory_max']
      : []),
    ...(cpu_weight !== 100 && found.cpuWeight !== String(cpu_weight) ? ['cpu_weight'] : []),
  ];
  if (unkept.length === 0) return undefined;
  const { path, memoryMax = 'unknown', cpuWeight = 'unknown' } = found;
  return new UmlmonError('HOST_CGROUP', {
    place: name,
    cause: `nothing keeps ${unkept.join(' and ')}: the cgroup ${path || '(none)'} has memory.max ${memoryMax}, cpu.weight ${cpuWeight}`,
    hint: adviceFor(name, path, hasSystemd),
  });
}

/** The unit of a VM has the limits of the configuration that was there at the last daemon-reload (sd_booted(3)). */
function adviceFor(name: string, path: string, hasSystemd: boolean): string {
  if (!hasSystemd)
    return 'systemd keeps these limits, and does not run on this host: take them out, or set them on the cgroup of the monitor';
  const unit = `umlmon@${name}`;
  return path.includes(`/${unit}.service`)
    ? `systemctl daemon-reload; systemctl restart ${unit}`
    : `have systemd run the monitor: umladmin stop ${name}; systemctl daemon-reload; systemctl start ${unit}`;
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
