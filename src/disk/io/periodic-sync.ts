import { closeSync, type FSWatcher, watch } from 'node:fs';
import { syncImage } from './sync-image.ts';

export interface SyncedImage {
  /** Stays open until `remove` or `close` has ended. */
  readonly fd: number;
  readonly hostPath: string;
  /**
   * Of a block device, which the kernel opens by its node in the jail: inotify sees writes by that node only. Opens it;
   * the descriptor is closed here.
   */
  readonly openNode?: () => number;
}

interface Watched {
  readonly image: SyncedImage;
  watcher?: FSWatcher;
  timer?: NodeJS.Timeout;
}

/**
 * Syncs images a fixed time after a guest has written to them. inotify(7) reports the first write, and is disabled until
 * the sync. So a guest that writes all the time costs two wake-ups per interval, and an idle guest costs none.
 */
export class PeriodicSync {
  /** Times that an image was synced. */
  count = 0;
  readonly #intervalMs: number;
  readonly #warning: (error: unknown) => void;
  readonly #images = new Map<number, Watched>();
  /** One at a time: the other helper threads are for others. */
  #turn: Promise<void> = Promise.resolve();

  /**
   * @param intervalMs from the first write to the sync; 0: never
   * @param warning called for every sync that fails; the next one is tried after another interval
   */
  constructor(intervalMs: number, warning: (error: unknown) => void) {
    this.#intervalMs = intervalMs;
    this.#warning = warning;
  }

  add(image: SyncedImage): void {
    if (this.#intervalMs === 0) return;
    const watched = { image };
    this.#images.set(image.fd, watched);
    this.#watch(watched);
  }

  /** Resolves when the descriptor is no longer used. */
  async remove(fd: number): Promise<void> {
    const watched = this.#images.get(fd);
    if (!watched) return;
    this.#images.delete(fd);
    watched.watcher?.close();
    clearTimeout(watched.timer);
    await this.#turn;
  }

  /** Resolves when no descriptor is used any more. */
  async close(): Promise<void> {
    await Promise.all([...this.#images.keys()].map((fd) => this.remove(fd)));
  }

  #watch(watched: Watched): void {
    try {
      const watcher = watchImage(watched.image, () => this.#written(watched));
      watcher.on('error', () => this.#written(watched));
      watched.watcher = watcher;
    } catch {
      // All of inotify's instances are in use: then it is as if the guest wrote all the time.
      this.#written(watched);
    }
  }

  #written(watched: Watched): void {
    watched.watcher?.close();
    delete watched.watcher;
    if (this.#images.get(watched.image.fd) !== watched) return;
    watched.timer ??= setTimeout(() => {
      delete watched.timer;
      this.#turn = this.#turn.then(() => this.#sync(watched));
    }, this.#intervalMs);
  }

  async #sync(watched: Watched): Promise<void> {
    const { fd, hostPath } = watched.image;
    if (this.#images.get(fd) !== watched) return;
    // First: a write during the sync may or may not be part of it.
    this.#watch(watched);
    try {
      await syncImage(fd, hostPath);
      this.count += 1;
    } catch (error) {
      this.#warning(error);
      this.#written(watched);
    }
  }
}

/** Watches what is behind a descriptor, whatever has become of its name. */
function watchImage({ fd, openNode }: SyncedImage, written: () => void): FSWatcher {
  const node = openNode?.();
  try {
    return watch(`/proc/self/fd/${node ?? fd}`, written);
  } finally {
    if (node !== undefined) closeSync(node);
  }
}
