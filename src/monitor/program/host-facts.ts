/** The state of the host and of a VM's files at one moment; missing facts are marked, without an error. */
import { readFileSync, statfsSync, statSync } from 'node:fs';
import { cpus, loadavg, machine, release, uptime } from 'node:os';
import { dirname } from 'node:path';
import type { VmLayout } from '../../jail/layout.ts';
import { stepOf } from '../../plan/step-of.ts';
import { toFailure } from '../../system/errors/errors.ts';
import type { MemoryCgroup } from '../../system/processes/memory-cgroup.ts';
import { memoryCgroups } from '../../system/processes/memory-limits.ts';
import type { RunningKernel } from '../running-kernel.ts';

export type ImageFileFacts = { readonly unit: number; readonly path: string } & (
  | {
      /** Bytes. */
      readonly size: number;
      readonly allocated: number;
      /** Milliseconds since 1970. */
      readonly modified: number;
      readonly error?: undefined;
    }
  | { readonly error: string }
);

export type FileSystemFacts = { readonly of: string; readonly path: string } & (
  | {
      /** Bytes. */
      readonly size: number;
      readonly free: number;
      /** Inodes. */
      readonly filesFree: number;
      readonly error?: undefined;
    }
  | { readonly error: string }
);

export interface HostFacts {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly release: string;
  readonly machine: string;
  /** Seconds. */
  readonly uptime: number;
  readonly cores: number;
  /** Over 1, 5 and 15 minutes. */
  readonly load: readonly number[];
  /** proc_meminfo(5) in bytes. */
  readonly memory: Readonly<Record<string, number>>;
  /** What the cgroups of the monitor leave of it, the own one first. */
  readonly cgroups: readonly MemoryCgroup[];
  /** Processes that the host has ended for lack of memory, since its boot. */
  readonly oomKills: number;
  readonly node: string;
  readonly vm: {
    /** Host pid that the kernel had. */
    readonly pid: number;
    readonly kernelVersion: string;
    readonly ranMs: number;
  };
  readonly images: readonly ImageFileFacts[];
  readonly fileSystems: readonly FileSystemFacts[];
}

export function readHostFacts(layout: VmLayout, kernel: RunningKernel): HostFacts {
  const { images } = stepOf(kernel.plan, 'lock-images');
  return {
    time: Date.now(),
    release: release(),
    machine: machine(),
    uptime: uptime(),
    cores: cpus().length,
    load: loadavg(),
    memory: memoryFacts(textOf('/proc/meminfo')),
    cgroups: memoryCgroups(),
    oomKills: Number(/^oom_kill (\d+)$/m.exec(textOf('/proc/vmstat'))?.[1] ?? 0),
    node: process.version,
    vm: { pid: kernel.pid, kernelVersion: kernel.version, ranMs: kernel.ranMs },
    images: images.map(({ unit, hostPath }) => lookAtImage(unit, hostPath)),
    fileSystems: [
      lookAtFileSystem('logs', layout.logDir),
      lookAtFileSystem('state', layout.home),
      ...[...new Set(images.map(({ hostPath }) => dirname(hostPath)))].map((directory) =>
        lookAtFileSystem('images', directory),
      ),
    ],
  };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function memoryFacts(meminfo: string): Record<string, number> {
  const wanted = ['MemTotal', 'MemFree', 'MemAvailable', 'SwapTotal', 'SwapFree', 'Dirty', 'Shmem'];
  const found = [...meminfo.matchAll(/^(\w+):\s+(\d+) kB$/gm)].filter(([, name = '']) =>
    wanted.includes(name),
  );
  return Object.fromEntries(found.map(([, name = '', kib]) => [name, Number(kib) * 1024]));
}

function lookAtImage(unit: number, path: string): ImageFileFacts {
  try {
    const { size, blocks, mtimeMs } = statSync(path);
    return { unit, path, size, allocated: blocks * 512, modified: Math.round(mtimeMs) };
  } catch (error) {
    return { unit, path, error: toFailure(error).cause };
  }
}

function lookAtFileSystem(of: string, path: string): FileSystemFacts {
  try {
    const { bsize, blocks, bavail, ffree } = statfsSync(path);
    return { of, path, size: blocks * bsize, free: bavail * bsize, filesFree: ffree };
  } catch (error) {
    return { of, path, error: toFailure(error).cause };
  }
}
