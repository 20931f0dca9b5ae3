/** Remembers the delay loop calibration of each kernel version on this host: it saves 0.1 s of every later boot. */
import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { findLoopsPerJiffy } from '../../kernel/lpj.ts';
import { replaceFile } from '../../system/files/atomic-file.ts';
import { monitorLimits } from '../../system/limits/limits.ts';
import { lock } from '../../system/native/native.ts';
import type { LaunchPlan } from '../plan.ts';

/** More kernel versions than a host ever has. */
const versionsMax = monitorLimits.lpjVersions;
const { O_CREAT, O_NOFOLLOW, O_RDONLY } = constants;

/** Loops per jiffy measured by an earlier boot of this kernel version; undefined if it is unknown. */
export function recallLpj(cacheFile: string, kernelVersion: string): number | undefined {
  return readCache(cacheFile)[kernelVersion];
}

/**
 * Takes the figure from a kernel's boot messages. Does nothing if the plan gave the figure, or another process is writing
 * one: the figure of a later boot serves as well.
 */
export function rememberLpj(cacheFile: string, plan: Pick<LaunchPlan, 'kernel'>, bootMessages: string): void {
  if (plan.kernel.arguments.some((argument) => argument.startsWith('lpj='))) return;
  const lpj = findLoopsPerJiffy(bootMessages);
  if (lpj === undefined) return;
  const fd = openSync(`${cacheFile}.lock`, O_RDONLY | O_CREAT | O_NOFOLLOW, 0o600);
  try {
    if (lock(fd, 'exclusive')) replaceCache(cacheFile, plan.kernel.version, lpj);
  } finally {
    closeSync(fd);
  }
}

function replaceCache(cacheFile: string, kernelVersion: string, lpj: number): void {
  const others = Object.entries(readCache(cacheFile)).filter(([version]) => version !== kernelVersion);
  const cache = Object.fromEntries([...others.slice(1 - versionsMax), [kernelVersion, lpj]]);
  replaceFile(cacheFile, `${JSON.stringify(cache)}\n`, 0o600);
}

/** A cache that cannot be read is an empty one. */
function readCache(cacheFile: string): Record<string, number> {
  try {
    const entries = Object.entries(JSON.parse(readFileSync(cacheFile, 'utf8')) as object);
    return Object.fromEntries(entries.filter(([, lpj]) => Number.isSafeInteger(lpj) && lpj > 0));
  } catch {
    return {};
  }
}
