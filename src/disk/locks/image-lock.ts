import { closeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { UmlmonError } from '../../system/errors/errors.ts';
import { diskLimits } from '../../system/limits/limits.ts';
import { lock, unlock } from '../../system/native/native.ts';
import { headerIn } from '../cow/file.ts';
import type { Cow } from '../cow/format.ts';
import { factsOf, type ImageFacts } from '../names/image-facts.ts';
import { type ImageName, type ImageStore, nameText } from '../names/image-name.ts';
import { openImage } from '../names/open-image.ts';
import { openText } from '../store/graph.ts';
import { HolderFile, lockingPrograms, readHoldings } from './holders.ts';

export interface LockRequest {
  readonly image: ImageName;
  readonly mode: 'rw' | 'ro';
  /** ImageFacts.id of what was checked; anything else in its place is refused. */
  readonly id: string;
}

export interface ImageLock extends LockRequest {
  /** Undefined while the image is listed only: the lock of a monitor that is dead, see `adopt`. */
  fd: number | undefined;
  /** What was locked, from its descriptor; undefined for a lock of the previous monitor. */
  locked?: LockedImage;
}

/** An image as it was when it was locked: all that is decided on it is decided on this. */
export interface LockedImage {
  readonly facts: ImageFacts;
  /** Of a COW image: the header, read once; or why it is invalid. */
  readonly header?: Cow | string;
}

/**
 * Locks on images, in the files themselves, so that all names of a file agree: writers exclude all others, readers (of
 * backing files too) exclude writers. The descriptors hold the locks: a process that inherits them keeps them, and
 * SIGKILL releases them.
 *
 * Locked images are also listed in the holder file. After a lock has ended, the list still holds its image while a
 * process has the descriptor of the holder file. So a caller locks the image first, then checks who lists it
 * (refuseOpen). A kernel that has inherited the holder file keeps images that were locked after its start.
 */
export class ImageLocks {
  /** Descriptor of the holder file; to be inherited together with those of the images. */
  readonly holder: number;
  readonly #store: ImageStore;
  readonly #file: HolderFile;
  readonly #locks: ImageLock[] = [];

  private constructor(store: ImageStore, file: HolderFile) {
    this.#store = store;
    this.#file = file;
    this.holder = file.fd;
  }

  /**
   * Locks all of the images, or none.
   *
   * @param holder name of the VM, or of a tool: `@umladmin.1234`, which no VM can be named
   * @throws UmlmonError IMAGE_IN_USE with the holder of the image, IMAGE_SWAPPED, and the errors of openImage
   */
  static async take(
    store: ImageStore,
    holder: string,
    requests: readonly LockRequest[],
  ): Promise<ImageLocks> {
    const locks = new ImageLocks(store, HolderFile.open(store, holder));
    try {
      await locks.add(requests);
      return locks;
    } catch (error) {
      locks.close();
      throw error;
    }
  }

  /**
   * The locks of the previous monitor, as its kernel has kept them: `fd` is the holder file's. Those without a descriptor
   * are listed and no longer locked; `relock` ends that.
   */
  static adopt(store: ImageStore, holder: string, fd: number, kept: readonly ImageLock[]): ImageLocks {
    const locks = new ImageLocks(store, HolderFile.adopt(store, holder, fd));
    locks.#locks.push(...kept);
    return locks;
  }

  /** Locks all of some more images, or none; the locks are in the order of the requests. Errors: those of `take`. */
  async add(requests: readonly LockRequest[]): Promise<ImageLock[]> {
    const added = requests.map((request): ImageLock => ({ ...request, fd: undefined }));
    try {
      // In one order for all: of two who want the same images one gets them, and not each of them a part.
      for (const one of [...added].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)))
        await this.relock(one);
      this.#locks.push(...added);
      this.#list();
      return added;
    } catch (error) {
      this.#remove(added);
      for (const { fd } of added) if (fd !== undefined) closeSync(fd);
      throw error;
    }
  }

  get all(): readonly ImageLock[] {
    return this.#locks;
  }

  /** The lock of an image; undefined if it is not one of these. */
  lockOf(image: ImageName): ImageLock | undefined {
    return this.#locks.find((one) => nameText(one.image) === nameText(image));
  }

  /** Takes the lock of an image that has none. Errors: those of `take`. */
  async relock(wanted: ImageLock): Promise<void> {
    const { fd, facts } = openImage(wanted.image, this.#store, wanted.mode);
    try {
      if (facts.id !== wanted.id)
        throw new UmlmonError('IMAGE_SWAPPED', {
          place: facts.hostPath,
          cause: 'the image was replaced by another file after it was checked',
          hint: 'try again while no program moves images',
        });
      if (!lock(fd, wanted.mode === 'rw' ? 'exclusive' : 'shared'))
        throw new UmlmonError('IMAGE_IN_USE', {
          place: facts.hostPath,
          cause: `${nameText(wanted.image)} is ${await whoHolds(this.#store, facts.id)}`,
          hint: 'stop it first, or use another image',
        });
      wanted.locked = lockedImage(wanted.image, fd, facts);
      wanted.fd = fd;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** Releases some images, also for processes that have inherited their descriptors. */
  release(locks: readonly ImageLock[]): void {
    this.#remove(locks);
    this.#list();
    for (const { fd } of locks) {
      if (fd === undefined) continue;
      unlock(fd);
      closeSync(fd);
    }
  }

  /** Releases all locks. A process that has inherited descriptors keeps its locks, but is no longer listed. */
  close(): void {
    this.#file.close();
    this.#closeAll();
  }

  /** Leaves everything to those who have inherited it. */
  leave(): void {
    this.#file.leave();
    this.#closeAll();
  }

  #closeAll(): void {
    for (const { fd } of this.#locks.splice(0)) if (fd !== undefined) closeSync(fd);
  }

  #remove(locks: readonly ImageLock[]): void {
    for (const one of locks) {
      const at = this.#locks.indexOf(one);
      if (at >= 0) this.#locks.splice(at, 1);
    }
  }

  #list(): void {
    this.#file.write(this.#locks.map(({ id, mode }) => ({ id, mode })));
  }
}

/** What is behind the descriptor of a lock. Of a device, rights and names are those of the jail's node. */
function lockedImage({ path }: ImageName, fd: number, facts: ImageFacts): LockedImage {
  if (facts.kind === 'block') return { facts };
  const now = factsOf(fd, facts.hostPath, facts.way);
  return path.endsWith('.cow') ? { facts: now, header: headerIn(fd, facts.hostPath) } : { facts: now };
}

/** How often, and how many milliseconds apart, to check for a holder that has its lock and is about to list it. */
const looks = diskLimits.lockLooks;
const pauseMs = diskLimits.lockPause;
const programsNamed = 4;

/** `open read-write by vm2`, for a lock that could not be taken. */
async function whoHolds(store: ImageStore, id: string): Promise<string> {
  for (let look = 0; look < looks; look++) {
    const holdings = readHoldings(store).holdings.filter((holding) => holding.id === id);
    if (holdings.length > 0) return openText(holdings);
    await delay(pauseMs);
  }
  const programs = lockingPrograms(id).slice(0, programsNamed);
  return `locked by ${programs.join(', ') || 'another VM or program'}`;
}
