import { closeSync, fsyncSync, readlinkSync } from 'node:fs';
import { UmlmonError } from '../system/errors.ts';
import { lock } from '../system/native.ts';
import { openText } from './graph.ts';
import { HolderFile, lockingPrograms, readHoldings } from './holders.ts';
import { type ImageName, type ImageStore, nameText } from './image-name.ts';
import { openImage } from './open-image.ts';

export interface LockRequest {
  readonly image: ImageName;
  readonly mode: 'rw' | 'ro';
  /** ImageFacts.id of what was checked; anything else in its place is refused. */
  readonly id: string;
}

interface Locked extends LockRequest {
  readonly fd: number;
}

/**
 * Locks on images, in the files themselves, so that all names of a file agree: writers against everybody, readers
 * (of backing files too) against writers. The descriptors hold the locks: whoever inherits them keeps them, and
 * SIGKILL releases them.
 */
export class ImageLocks {
  /** Descriptor of the holder file; to be inherited together with those of the images. */
  readonly holder: number;
  readonly #file: HolderFile;
  readonly #locked: Locked[] = [];

  private constructor(file: HolderFile) {
    this.#file = file;
    this.holder = file.fd;
  }

  /**
   * Locks all of the images, or none.
   *
   * @param holder name of the VM, or of a tool: `@umladmin.1234`, which no VM can be named
   * @throws UmlmonError IMAGE_IN_USE with who holds an image, IMAGE_SWAPPED, and the errors of openImage
   */
  static take(store: ImageStore, holder: string, requests: readonly LockRequest[]): ImageLocks {
    const locks = new ImageLocks(HolderFile.open(store, holder));
    try {
      // In one order for all: of two who want the same images one gets them, and not each of them a part.
      for (const request of [...requests].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)))
        locks.#take(store, request);
      locks.#file.write(locks.#locked.map(({ id, mode }) => ({ id, mode })));
      return locks;
    } catch (error) {
      locks.close();
      throw error;
    }
  }

  #take(store: ImageStore, request: LockRequest): void {
    const { fd, facts } = openImage(request.image, store, request.mode);
    this.#locked.push({ ...request, fd });
    if (facts.id !== request.id)
      throw new UmlmonError('IMAGE_SWAPPED', {
        place: facts.hostPath,
        cause: 'another file has taken the place of the image since it was checked',
        hint: 'try again, when nobody moves images',
      });
    if (lock(fd, request.mode === 'rw' ? 'exclusive' : 'shared')) return;
    throw new UmlmonError('IMAGE_IN_USE', {
      place: facts.hostPath,
      cause: `${nameText(request.image)} is ${whoHolds(store, facts.id)}`,
      hint: 'stop that first, or use another image',
    });
  }

  /** Our descriptor of an image; undefined if it is not one of these. */
  fdOf(image: ImageName): number | undefined {
    return this.#locked.find((locked) => nameText(locked.image) === nameText(image))?.fd;
  }

  /** Writes to the disk of the host what was written to the images; tries them all. Errors: HOST_SYSTEM_CALL. */
  sync(): void {
    let failure: UmlmonError | undefined;
    for (const { fd, mode } of this.#locked)
      try {
        if (mode === 'rw') fsyncSync(fd);
      } catch (error) {
        const cause = `what the guest has written is not safe: ${error instanceof Error ? error.message : String(error)}`;
        failure ??= new UmlmonError('HOST_SYSTEM_CALL', {
          place: readlinkSync(`/proc/self/fd/${fd}`),
          cause,
        });
      }
    if (failure) throw failure;
  }

  close(): void {
    this.#file.close();
    for (const { fd } of this.#locked.splice(0)) closeSync(fd);
  }
}

/** How often, and how many milliseconds apart, to look for a holder that has its lock and is about to say so. */
const looks = 4;
const pauseMs = 5;
const programsNamed = 4;

/** `open read-write by vm2`, for a lock that was not to be had. */
function whoHolds(store: ImageStore, id: string): string {
  for (let look = 0; look < looks; look++) {
    const holdings = readHoldings(store).filter((holding) => holding.id === id);
    if (holdings.length > 0) return openText(holdings);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
  }
  const programs = lockingPrograms(id).slice(0, programsNamed);
  return `locked by ${programs.join(', ') || 'another VM or program'}`;
}
