/**
 * Who holds images: a small file per VM or tool, which counts as long as it is locked itself. Holding ends with
 * the last process that has the descriptor, like the locks of the images: for a VM that is its kernel.
 */
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { isSystemError, UmlmonError } from '../../system/errors/errors.ts';
import { diskLimits } from '../../system/limits/limits.ts';
import { hold, isHeld } from '../../system/native/native.ts';
import { programNameOf } from '../../system/native/process.ts';
import { shellWord } from '../../system/shell-word.ts';
import type { ImageStore } from '../names/image-name.ts';
import type { Holding } from '../store/graph.ts';

const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = constants;

type Held = Omit<Holding, 'holder'>;

/** A holder file of our own. Its text is ASCII, and less than a page, which the kernel writes as a whole. */
export class HolderFile {
  /** To be inherited: it holds the file, and cannot write to it. A hostile kernel would list the images of others. */
  readonly fd: number;
  readonly #writable: number;
  readonly #path: string;

  private constructor(fd: number, writable: number, path: string) {
    this.fd = fd;
    this.#writable = writable;
    this.#path = path;
  }

  /** Errors: IMAGE_IN_USE if this holder holds images already. */
  static open({ holders }: ImageStore, holder: string): HolderFile {
    // VARDIR itself is open: a tool may be the first to need it.
    mkdirSync(dirname(holders), { recursive: true, mode: 0o755 });
    mkdirSync(holders, { recursive: true, mode: 0o700 });
    if (isTool(holder)) removeLeftOver(holders);
    const path = join(holders, holder);
    for (;;) {
      const fd = openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
      const held = hold(fd);
      // A former holder may have removed the file between our open and our lock.
      if (held && isStillThere(fd, path)) {
        ftruncateSync(fd);
        return new HolderFile(shareHold(fd), fd, path);
      }
      closeSync(fd);
      if (!held)
        throw new UmlmonError('IMAGE_IN_USE', {
          place: path,
          cause: `${holder} already holds images`,
          hint: `find the process with: fuser -v ${shellWord(path)}`,
        });
    }
  }

  /** That of the previous monitor, by the descriptor that its kernel has kept. */
  static adopt({ holders }: ImageStore, holder: string, fd: number): HolderFile {
    return new HolderFile(fd, openSync(`/proc/self/fd/${fd}`, O_RDWR), join(holders, holder));
  }

  /** Overwrites the text in one write: after SIGKILL it is the old text or the new one, never empty. */
  write(held: readonly Held[]): void {
    const text = JSON.stringify(held);
    writeSync(this.#writable, text.padEnd(fstatSync(this.fd).size), 0);
    ftruncateSync(this.#writable, text.length);
  }

  close(): void {
    rmSync(this.#path, { force: true });
    this.leave();
  }

  /** Leaves the file to those who have inherited it. */
  leave(): void {
    closeSync(this.fd);
    closeSync(this.#writable);
  }
}

/** Opens a locked file for reading only: both descriptors hold the lock, and no other process could take it in between. */
function shareHold(fd: number): number {
  const readOnly = openSync(`/proc/self/fd/${fd}`, O_RDONLY);
  if (!hold(fd, 'shared') || !hold(readOnly, 'shared')) throw new Error('what is held cannot be shared');
  return readOnly;
}

/** The name of a tool has its process id in it, so that of a killed one does not come again. */
function isTool(holder: string): boolean {
  return holder.startsWith('@');
}

function removeLeftOver(holders: string): void {
  for (const path of readdirSync(holders)
    .filter(isTool)
    .map((name) => join(holders, name))) {
    let fd: number;
    try {
      fd = openSync(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
    } catch {
      continue; // Its owner has just removed it.
    }
    // A new one is not held yet for a moment.
    if (Date.now() - fstatSync(fd).mtimeMs > diskLimits.leftOverAge && hold(fd))
      rmSync(path, { force: true });
    closeSync(fd);
  }
}

function isStillThere(fd: number, path: string): boolean {
  const [mine, there] = [fstatSync(fd), statSync(path, { throwIfNoEntry: false })];
  return there?.ino === mine.ino && there.dev === mine.dev;
}

export interface Holdings {
  readonly holdings: readonly Holding[];
  /** Living holders whose record cannot be read: they may hold anything that they can have. */
  readonly unknown: readonly string[];
}

/** What all living holders hold. */
export function readHoldings({ holders }: ImageStore): Holdings {
  let names: string[];
  try {
    names = readdirSync(holders);
  } catch (error) {
    // No image was ever held; or we may not see the file, and then we cannot hold one either (HolderFile.open).
    if (isSystemError(error) && ['ENOENT', 'EACCES'].includes(error.code ?? ''))
      return { holdings: [], unknown: [] };
    throw error;
  }
  const read = names.map((holder) => ({ holder, held: readHolder(join(holders, holder)) }));
  return {
    holdings: read.flatMap(({ holder, held = [] }) => held.map(({ id, mode }) => ({ holder, id, mode }))),
    unknown: read.flatMap(({ holder, held }) => (held ? [] : [holder])),
  };
}

/** The images of one holder; undefined if it runs and its record cannot be read. */
function readHolder(path: string): Held[] | undefined {
  let fd: number;
  try {
    fd = openSync(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    // Given up since the directory was read.
    return isSystemError(error) && error.code === 'ENOENT' ? [] : undefined;
  }
  try {
    if (!isHeld(fd)) return [];
    // A read beside a write may have a part of both texts.
    for (let attempt = 1; ; attempt++) {
      const held = parseHeld(fd);
      if (held || attempt === readAttempts) return held;
    }
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}

/** Reads of a record that is being written: one write of less than a page takes some microseconds. */
const readAttempts = diskLimits.holderReads;

function parseHeld(fd: number): Held[] | undefined {
  const bytes = Buffer.alloc(diskLimits.holderBytes);
  const text = bytes.toString('utf8', 0, readSync(fd, bytes, 0, bytes.length, 0));
  // Just created: the list is still empty, and the image is locked already.
  if (text === '') return [];
  try {
    const held: unknown = JSON.parse(text);
    return Array.isArray(held) && held.every(isHolding) ? held : undefined;
  } catch {
    return undefined;
  }
}

function isHolding(value: unknown): value is Held {
  const { id, mode } = (value ?? {}) as Partial<Held>;
  return typeof id === 'string' && (mode === 'rw' || mode === 'ro');
}

/**
 * Programs that are not umlmon's and hold a lock on a file, as proc_locks(5) names them: `process 12 (fsck)`. The
 * process may have passed its lock on and exited; then the list is empty.
 */
export function lockingPrograms(id: string): string[] {
  const inode = id.split(':')[1];
  const text = readFileSync('/proc/locks', 'latin1').slice(0, diskLimits.procLocksBytes);
  const pids = [
    ...text.matchAll(/^\d+: (?:FLOCK|POSIX|OFDLCK)\s+\S+\s+\S+\s+(\d+) [\da-f]+:[\da-f]+:(\d+) /gm),
  ]
    .filter(([, , ino]) => ino === inode)
    .map(([, pid]) => Number(pid));
  return [...new Set(pids)].flatMap((pid) => {
    const program = pid === process.pid ? undefined : programNameOf(pid);
    return program === undefined ? [] : [`process ${pid} (${program})`];
  });
}
