import { setTimeout as delay } from 'node:timers/promises';
import type { ImageCaller } from '../../disk/commands/command-types.ts';
import { disksOf, type ImageName, type ImageStore, sharedDisks } from '../../disk/names/image-name.ts';
import { imageInfo } from '../../disk/store/image-wire.ts';
import { listForClient } from '../../disk/store/list.ts';
import type { DiskListArgs, ImageInfo, ImageList } from '../../rpc/umlmonctrl.gen.ts';
import type { Failure } from '../../system/errors/errors.ts';
import { diskLimits, monitorLimits } from '../../system/limits/limits.ts';
import { Pacer } from '../../system/pacer.ts';
import { clippedFailure } from '../answer.ts';

interface Listing {
  /** In order of their paths. */
  readonly images: readonly ImageInfo[];
  readonly warnings: readonly Failure[];
}

type Client = ImageCaller & { kind: 'vm' };

/**
 * The images that clients of a VM list, page by page. A listing reads all images, so clients that ask at the same time
 * share one. The monitor rests after each listing: a client that asks in a loop gets only a part of its time.
 */
export class ImageLists {
  readonly #store: ImageStore;
  readonly #client: () => Promise<Client>;
  #next: Promise<Listing> | undefined;
  /** Resolves when the last listing is over, and the rest after it. */
  #rested: Promise<unknown> = Promise.resolve();
  #recent: Listing | undefined;
  #forget: NodeJS.Timeout | undefined;

  constructor(store: ImageStore, client: () => Promise<Client>) {
    this.#store = store;
    this.#client = client;
  }

  /** Images after a path, as many as an answer may have. The first page is as new as the call. */
  async page({ after, max }: DiskListArgs): Promise<ImageList> {
    const { images, warnings } = (after === '' ? undefined : this.#recent) ?? (await this.#fresh());
    const from = after === '' ? 0 : firstAfter(images, after);
    const most = from + Math.min(Math.max(max, 1), monitorLimits.imagesPerAnswer);
    const page: ImageInfo[] = [];
    let bytes = 0;
    for (const image of images.slice(from, most)) {
      bytes += Buffer.byteLength(JSON.stringify(image));
      if (page.length > 0 && bytes > monitorLimits.imageListBytes) break;
      page.push(image);
    }
    return {
      images: page,
      more: from + page.length < images.length,
      failures: after === '' ? warnings.map(clippedFailure) : [],
    };
  }

  /** A listing that starts after this call. All calls until its start share it. */
  #fresh(): Promise<Listing> {
    if (this.#next) return this.#next;
    let took = 0;
    const listing = this.#rested.then(async () => {
      this.#next = undefined;
      const began = performance.now();
      const found = await this.#list().finally(() => {
        took = performance.now() - began;
      });
      this.#keep(found);
      return found;
    });
    this.#next = listing;
    const rest = () =>
      delay(Math.min(took * monitorLimits.imageListRest, monitorLimits.imageListAge), undefined, {
        ref: false,
      });
    this.#rested = listing.then(rest, rest);
    return listing;
  }

  /** For the further pages of the same listing. It takes memory, so it is forgotten soon. */
  #keep(listing: Listing): void {
    clearTimeout(this.#forget);
    this.#recent = listing;
    this.#forget = setTimeout(() => {
      this.#recent = undefined;
    }, monitorLimits.imageListAge);
    this.#forget.unref();
  }

  async #list(): Promise<Listing> {
    const client = await this.#client();
    const { images, warnings } = await listForClient(this.#store, client);
    const pacer = new Pacer(diskLimits.scanSlice);
    const all: ImageInfo[] = [];
    for (const image of images) {
      all.push(imageInfo(image, pathOf));
      if (pacer.isDue) await pacer.pause();
    }
    all.sort((one, other) => (one.path < other.path ? -1 : 1));
    const places = [disksOf(this.#store, client.vm), sharedDisks(this.#store)];
    return {
      images: all,
      warnings: warnings.filter(({ place }) => places.some((directory) => place.startsWith(directory))),
    };
  }
}

function firstAfter(images: readonly ImageInfo[], after: string): number {
  const found = images.findIndex(({ path }) => path > after);
  return found === -1 ? images.length : found;
}

/** As the jail sees it: all images that a client can name have different paths there. */
export function pathOf({ path }: ImageName): string {
  return path;
}
