import { randomUUID } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { dirname } from 'node:path';
import {
  type ImageName,
  type ImageStore,
  imagePathOnHost,
  nameFor,
  placeOf,
} from '../../disk/names/image-name.ts';
import { isSystemError, UmlmonError } from '../../system/errors/errors.ts';
import { HeldDirectory } from '../../system/files/held-directory.ts';

/**
 * Identifies a file, also after a reboot of the host: by its inode number and its time of birth, or 0 where that is
 * unknown. No program can set the time of birth (statx(2), stx_btime), so a later file with the same number differs.
 */
export function fileIdentity({ ino, birthtimeNs, ctimeNs }: BigIntStats): string {
  // Without statx(2), Node gives the time of the last change instead.
  return `${ino}:${birthtimeNs === ctimeNs ? 0 : birthtimeNs}`;
}

export function hasIdentity(found: BigIntStats | undefined, identity: string): boolean {
  if (!found?.isFile()) return false;
  const [ino, born] = identity.split(':');
  return `${found.ino}` === ino && (born === '0' || `${found.birthtimeNs}` === born);
}

/** Names that `freshNameFor` makes. */
export const freshNameForm = /^\.restore-[0-9a-f-]{36}$/;

/** A name that no other process can guess. */
export function freshNameFor(): string {
  return `.restore-${randomUUID()}`;
}

/**
 * The directories of images of a VM, held open. Users of VMs may own them, and rename or link entries meanwhile. All
 * operations stay in the directories that were opened.
 */
export class ImagePlaces {
  readonly #vm: string;
  readonly #store: ImageStore;
  readonly #open = new Map<string, HeldDirectory>();

  constructor(vm: string, store: ImageStore) {
    this.#vm = vm;
    this.#store = store;
  }

  /** Host path of an image, for messages. */
  hostPathOf(path: string): string {
    return imagePathOnHost(this.#nameOf(path), this.#store);
  }

  /** The directory of an image, open until `close`. Errors: IMAGE_MISSING, IMAGE_LINK. @param path as the jail sees it */
  of(path: string): HeldDirectory {
    const { directory, below } = placeOf(this.#nameOf(path), this.#store);
    const host = dirname(this.hostPathOf(path));
    const known = this.#open.get(host);
    if (known) return known;
    try {
      const opened = openBelow(directory, dirname(below));
      this.#open.set(host, opened);
      return opened;
    } catch (error) {
      if (!isSystemError(error)) throw error;
      const isLink = error.code === 'ELOOP';
      throw new UmlmonError(isLink ? 'IMAGE_LINK' : 'IMAGE_MISSING', {
        place: this.hostPathOf(path),
        cause: isLink ? `a symbolic link is in the path of ${host}` : `the directory ${host} does not exist`,
        hint: isLink ? 'put the directory itself in its place' : `mkdir ${host}`,
      });
    }
  }

  /** The same; undefined if there is no such directory any more. */
  find(path: string): HeldDirectory | undefined {
    try {
      return this.of(path);
    } catch (error) {
      if (error instanceof UmlmonError) return undefined;
      throw error;
    }
  }

  /** Whether the directory that is open is still the one that the path of an image leads to. */
  isStill(path: string): boolean {
    const { directory, below } = placeOf(this.#nameOf(path), this.#store);
    try {
      const now = openBelow(directory, dirname(below));
      const { dev, ino } = now.stat;
      now.close();
      const held = this.of(path).stat;
      return held.dev === dev && held.ino === ino;
    } catch (error) {
      if (isSystemError(error)) return false;
      throw error;
    }
  }

  /** New names are safe from a crash of the host when this returns. */
  sync(): void {
    for (const directory of this.#open.values()) directory.sync();
  }

  close(): void {
    for (const directory of this.#open.values()) directory.close();
    this.#open.clear();
  }

  #nameOf(path: string): ImageName {
    const name = nameFor(this.#vm, path);
    if (!name) throw new Error(`${path} is not a path of an image`);
    return name;
  }
}

/** @param top which only root may change */
function openBelow(top: string, below: string): HeldDirectory {
  const place = HeldDirectory.open(top);
  if (below === '.') return place;
  try {
    return place.directory(below);
  } finally {
    place.close();
  }
}
