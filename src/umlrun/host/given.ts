import { closeSync, openSync, type Stats } from 'node:fs';
import { isAbsolute } from 'node:path';
import type { VmUser } from '../../jail/user.ts';
import { type ErrorCode, isSystemError, UmlmonError } from '../../system/errors/errors.ts';
import { currentDirectory, removedDirectory } from '../../system/files/current-directory.ts';
import { mayAccess } from '../../system/files/permissions.ts';
import { isOurs, whyDistrusted } from '../../system/files/trusted-path.ts';
import { type OpenedPath, walkPath } from '../../system/files/walk-path.ts';
import { shellWord } from '../../system/shell-word.ts';

export interface GivenErrors {
  /** The option, or what the path is for. */
  readonly place: string;
  /** Of a path that leads to nothing. */
  readonly missing: ErrorCode;
  /** Of one that the VM's user must not, or cannot, follow. */
  readonly closed: ErrorCode;
  /** The path must be a directory, which the VM's user can enter. */
  readonly isDirectory?: boolean;
}

/**
 * Opens a path that the caller has named, once: the checked file is the one that the kernel gets. In directories that
 * users other than root and the caller can write to, links are not followed, since another user could have made them.
 * The VM's user must be able to enter every directory, as bubblewrap runs as that user.
 *
 * @throws UmlmonError with the codes of `errors`
 */
export function openGiven(given: string, user: VmUser, errors: GivenErrors): OpenedPath {
  const { place, missing, closed, isDirectory = false } = errors;
  const isOwn = user.uid === process.geteuid?.();
  let hint: string | undefined;
  try {
    const opened = walkPath(fromHere(given, place), {
      pass: (path, stat, isPassed) => {
        // Our own user meets what is closed by itself.
        if (isOwn || !(isPassed || isDirectory) || mayAccess(stat, user, 1)) return undefined;
        hint = `chmod a+x ${shellWord(path)}, or choose another user with -user`;
        return `the kernel runs as user ${user.name}, who cannot enter the directory ${path}`;
      },
      follow: (path, link, directory) => {
        hint = 'give the path that it points to';
        return whyNotFollowed(path, link, directory);
      },
    });
    if (typeof opened !== 'string') {
      if (!isDirectory || opened.stat.isDirectory()) return opened;
      closeSync(opened.fd);
      throw new UmlmonError(missing, { place, cause: 'not a directory' });
    }
    throw new UmlmonError(closed, { place, cause: opened, ...(hint === undefined ? {} : { hint }) });
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new UmlmonError(error.code === 'EACCES' ? closed : missing, { place, cause: error.message });
  }
}

/** With its links and dots, which are resolved one after the other. */
function fromHere(given: string, place: string): string {
  if (isAbsolute(given)) return given;
  const directory = currentDirectory();
  if (directory !== undefined) return `${directory}/${given}`;
  throw removedDirectory(place);
}

function whyNotFollowed(path: string, link: Stats, directory: Stats): string | undefined {
  if (isOurs(link) && whyDistrusted('', directory, true) === undefined) return undefined;
  return `${path} is a link in a directory that others can write to: it may point anywhere`;
}

/** Descriptors that a run holds open until its jail is complete. */
export class GivenFiles {
  readonly #open: OpenedPath[] = [];

  add(opened: OpenedPath): OpenedPath {
    this.#open.push(opened);
    return opened;
  }

  /** The same file, opened for reading from its start: added, with its number in the chain. */
  addReadable({ fd, ...file }: OpenedPath, from: number): number {
    return this.numberOf(this.add({ ...file, fd: openSync(`/proc/self/fd/${fd}`, 'r') }), from);
  }

  /** The number in the chain of what was added, if the first of all has the number `from`. */
  numberOf(opened: OpenedPath, from: number): number {
    return from + this.#open.indexOf(opened);
  }

  /** All that is open, by these numbers. */
  numbered(from: number): [number, number][] {
    return this.#open.map(({ fd }, i) => [from + i, fd]);
  }

  close(): void {
    for (const { fd } of this.#open.splice(0)) closeSync(fd);
  }
}
