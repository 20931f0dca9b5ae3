import { type FSWatcher, statSync, watch } from 'node:fs';
import { basename } from 'node:path';
import { monitorLimits } from '../../system/limits/limits.ts';

export interface Reach {
  /** The directory of the sockets. */
  readonly directory: string;
  /** Paths in it, each with whether it still leads to us, and what makes it do so again. */
  readonly sockets: readonly {
    readonly path: string;
    readonly isReachable: () => boolean;
    readonly listenAgain: () => Promise<void>;
  }[];
  /** A socket had been removed, and is there again. */
  readonly onRestored: (path: string) => void;
  readonly trouble: (error: unknown) => void;
}

/**
 * Sees that somebody removes or replaces a socket file of a daemon, or its directory, and has the daemon listen there
 * again. The host's kernel (inotify) tells of it; there is a timer only after an attempt that failed.
 */
export class KeepReachable {
  readonly #reach: Reach;
  readonly #names: ReadonlySet<string>;
  #watcher: FSWatcher | undefined;
  #watched = 0;
  #timer: NodeJS.Timeout | undefined;
  #retryMs: number = monitorLimits.registerRetry;
  #isBusy = false;
  #isClosed = false;

  constructor(reach: Reach) {
    this.#reach = reach;
    // A directory that is removed itself tells so with its own name.
    const paths = [reach.directory, ...reach.sockets.map(({ path }) => path)];
    this.#names = new Set(paths.map((path) => basename(path)));
    this.#watch();
  }

  /** Listens again where that is needed. */
  look(): void {
    if (!this.#isBusy && !this.#isClosed) void this.#restore();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#watcher?.close();
  }

  #watch(): void {
    const { directory, trouble } = this.#reach;
    try {
      const { ino } = statSync(directory);
      if (this.#watcher && ino === this.#watched) return;
      this.#watcher?.close();
      this.#watched = ino;
      this.#watcher = watch(directory, (_, name) => {
        // It was removed itself, maybe: the next one can have the same number.
        if (name === basename(directory)) this.#watched = 0;
        if (name === null || this.#names.has(name)) this.look();
      });
      this.#watcher.on('error', trouble);
    } catch (error) {
      // All inotify instances of the user are taken (fs.inotify.max_user_instances).
      this.#watcher = undefined;
      trouble(error);
    }
  }

  async #restore(): Promise<void> {
    this.#isBusy = true;
    clearTimeout(this.#timer);
    try {
      for (const { path, isReachable, listenAgain } of this.#reach.sockets) {
        if (isReachable() || this.#isClosed) continue;
        await listenAgain();
        this.#reach.onRestored(path);
      }
      this.#retryMs = monitorLimits.registerRetry;
      if (!this.#isClosed) this.#watch();
    } catch (error) {
      this.#reach.trouble(error);
      if (!this.#isClosed) this.#timer = setTimeout(() => this.look(), this.#retryMs);
      this.#retryMs = Math.min(2 * this.#retryMs, monitorLimits.registerRetryMax);
    } finally {
      this.#isBusy = false;
    }
  }
}
