import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { isSystemError, UmlmonError } from '../../system/errors/errors.ts';
import { type ImageName, type ImageStore, imagePathOnHost, nameText, placeOf } from './image-name.ts';
import { type ImagePlace, openPlace } from './open-image.ts';

/**
 * Directories of images, held open. All work happens in the directory that was opened, even if the user of a VM
 * renames or links directories meanwhile.
 */
export class ImageDirectories {
  readonly #store: ImageStore;
  /** By host path of the directory. */
  readonly #held = new Map<string, ImagePlace>();

  constructor(store: ImageStore) {
    this.#store = store;
  }

  /** The place of an existing or new image. Errors: those of openPlace. */
  placeOf(image: ImageName): ImagePlace {
    const hostPath = imagePathOnHost(image, this.#store);
    const held = this.#held.get(dirname(hostPath));
    const name = hostPath.slice(dirname(hostPath).length + 1);
    if (held) return { ...held, name, hostPath };
    const place = openPlace(image, this.#store);
    this.#held.set(dirname(hostPath), place);
    return place;
  }

  /** As placeOf(), for a new image: the first image of a VM may come before its first start has made /disks. */
  placeOfNew(image: ImageName): ImagePlace {
    // Below directories of root only (jailDirectories); the next start gives it the owner and mode that it should have.
    mkdirSync(placeOf(image, this.#store).directory, { recursive: true });
    return this.placeOf(image);
  }

  close(): void {
    for (const { directory } of this.#held.values()) directory.close();
    this.#held.clear();
  }
}

/** A failed system call as what it was: one on an image. */
export function explainFailure(error: unknown, image: ImageName, store: ImageStore): unknown {
  if (!isSystemError(error)) return error;
  return new UmlmonError('HOST_SYSTEM_CALL', {
    place: imagePathOnHost(image, store),
    cause: `${nameText(image)}: ${error.message}`,
    hint: isFull(error) ? 'free some space and repeat the command: nothing is lost' : '',
  });
}

/** The disk, or what its user may have of it. */
function isFull({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ENOSPC' || code === 'EDQUOT';
}
