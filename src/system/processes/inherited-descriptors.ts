import { closeSync, fstatSync, readdirSync } from 'node:fs';
import type { Environment } from '../environment.ts';
import { passedCount } from '../passed-sockets.ts';

/** Above standard input, output and error. */
const firstOther = 3;

/**
 * Closes the descriptors that a daemon has inherited and was not given. Otherwise a lock or a pipe of the shell would
 * stay open as long as the daemon runs. The launcher does so before Node starts (src/bin/launcher.c). This function is
 * for a bundle that runs without the launcher, and for monitors in the background, which a client starts without it.
 * Call it before anything is opened: only Node's own event loop stays open.
 *
 * Given are what a service manager passes, what a variable names, and what an argument names (`/dev/fd/9`).
 */
export function closeInherited(env: Environment, argv: readonly string[]): void {
  const named = [env.UMLMON_REPORT_FD, env.NODE_CHANNEL_FD, ...argv.flatMap(fdOfPath)];
  const given = new Set(named.flatMap((text) => (text === undefined ? [] : Number(text))));
  const passed = passedCount(env, process.pid);
  const all = openDescriptors();
  const inodes = all.map(({ ino }) => ino);
  for (const { fd, kind, ino } of all) {
    if (fd < firstOther + passed || given.has(fd) || kind === 'other') continue;
    // A pipe of Node's own has both of its ends here.
    if (kind === 'pipe' && inodes.filter((inode) => inode === ino).length > 1) continue;
    closeSync(fd);
  }
}

function fdOfPath(word: string): string[] {
  return /^\/(?:dev|proc\/self)\/fd\/(\d+)$/.exec(word)?.slice(1) ?? [];
}

interface OpenDescriptor {
  readonly fd: number;
  /** `other`: epoll, eventfd, inotify, which Node's event loop is made of. */
  readonly kind: 'file' | 'pipe' | 'other';
  readonly ino: bigint;
}

/** None without a /proc: then only what the launcher has closed is. */
function numbersOf(directory: string): number[] {
  try {
    return readdirSync(directory).map(Number);
  } catch {
    return [];
  }
}

function openDescriptors(): OpenDescriptor[] {
  return numbersOf('/proc/self/fd').flatMap((fd) => {
    if (fd < firstOther) return [];
    try {
      const stat = fstatSync(fd, { bigint: true });
      const isFile =
        stat.isFile() ||
        stat.isDirectory() ||
        stat.isSocket() ||
        stat.isCharacterDevice() ||
        stat.isBlockDevice();
      return [{ fd, kind: isFile ? 'file' : stat.isFIFO() ? 'pipe' : 'other', ino: stat.ino }];
    } catch {
      // It was that of the directory, which is closed by now.
      return [];
    }
  });
}
