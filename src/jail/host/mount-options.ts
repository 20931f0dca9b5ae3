/** Whether the options of a mount (mount(8)) let the jail use the files on it. */
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { type MountFlag, mountFlags } from '../../system/native/native.ts';
import { isBelow, reachableMounts } from './mount-table.ts';

/** A file that would be executed, or mapped executable, and whose mount forbids that. */
export interface UnrunnableFile {
  readonly path: string;
  readonly bytes: number;
}

/** Those of the files whose mounts have the option noexec. Errors: of node:fs, for a file that is missing. */
export function unrunnableFiles(paths: readonly string[]): UnrunnableFile[] {
  return paths
    .filter((path) => mountFlags(path).has('noexec'))
    .map((path) => ({ path, bytes: statSync(path).size }));
}

/**
 * The mount point of the mount that a path is on, or will be on when it is made, if that mount has the option. Errors: of
 * node:fs.
 */
export function mountWith(flag: MountFlag, path: string): string | undefined {
  if (!existsSync(path) && dirname(path) !== path) return mountWith(flag, dirname(path));
  return mountFlags(path).has(flag) ? mountPointOf(path) : undefined;
}

function mountPointOf(path: string): string {
  const real = realpathSync(path);
  const mounts = reachableMounts(readFileSync('/proc/self/mountinfo', 'utf8'));
  const above = mounts.map(({ point }) => point).filter((point) => real === point || isBelow(real, point));
  return above.reduce((longest, point) => (point.length > longest.length ? point : longest), '/');
}
