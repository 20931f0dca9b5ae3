import { closeSync, mkdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { isSystemError, UmlmonError } from '../system/errors.ts';
import { hostPathOf, type ImageName, type ImageStore, nameText, placeOf } from './image-name.ts';
import { openDirectoryOf } from './open-image.ts';

/**
 * Directories of images, held open for paths through their descriptors: those lead where the directory was when it
 * was opened, whatever the user of a VM renames or links meanwhile.
 */
export class HeldDirectories {
  readonly #store: ImageStore;
  /** Host path of a directory → its descriptor. */
  readonly #held = new Map<string, number>();

  constructor(store: ImageStore) {
    this.#store = store;
  }

  /** A path of an image that is there or is to be; its last name is that of the image. Errors: openDirectoryOf's. */
  pathOf(name: ImageName): string {
    const hostPath = hostPathOf(name, this.#store);
    const directory = dirname(hostPath);
    let fd = this.#held.get(directory);
    if (fd === undefined) {
      fd = openDirectoryOf(name, this.#store);
      this.#held.set(directory, fd);
    }
    return `/proc/self/fd/${fd}/${basename(hostPath)}`;
  }

  /** As pathOf(), for a new image: the first image of a VM may come before its first start has made /disks. */
  pathOfNew(name: ImageName): string {
    const { directory } = placeOf(name, this.#store);
    // The next start gives it the owner and mode that it should have.
    mkdirSync(directory, { recursive: true });
    return this.pathOf(name);
  }

  /** An error that names the paths of the host, and a failed system call as what it was: one on an image. */
  explain(error: unknown, image: ImageName): unknown {
    if (error instanceof UmlmonError) {
      const { code, place, reason, hint } = error;
      return new UmlmonError(code, { place: this.#toHost(place), cause: this.#toHost(reason), hint });
    }
    if (!isSystemError(error)) return error;
    return new UmlmonError('HOST_SYSTEM_CALL', {
      place: hostPathOf(image, this.#store),
      cause: `${nameText(image)}: ${this.#toHost(error.message)}`,
      hint: isFull(error) ? 'free some space and do it again: nothing is lost' : '',
    });
  }

  #toHost(text: string): string {
    return text.replace(/\/proc\/self\/fd\/(\d+)(?=\/)/g, (path, digits) => {
      const known = [...this.#held].find(([, fd]) => fd === Number(digits));
      return known ? known[0] : path;
    });
  }

  close(): void {
    for (const fd of this.#held.values()) closeSync(fd);
    this.#held.clear();
  }
}

/** The disk, or what its user may have of it. */
function isFull({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ENOSPC' || code === 'EDQUOT';
}
