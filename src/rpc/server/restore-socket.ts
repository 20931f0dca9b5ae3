import { type FSWatcher, statSync, watch } from 'node:fs';
import { basename } from 'node:path';
import { monitorLimits } from '../../system/limits/limits.ts';

export interface Reach {
  /** The directory of the sockets. */
  readonly directory: string;
  /** Paths in it, each with a check whether it still leads to this server, and a function that listens again. */
  readonly sockets: readonly {
    readonly path: string;
    readonly isReachable: () => boolean;
    readonly listenAgain: () => Promise<void>;
  }[];
  /** Called when a removed socket is recreated. */
  readonly onRestored: (path: string) => void;
  readonly warning: (error: unknown) => void;
}

/**
 * Detects that a socket file of a daemon, or its directory, was removed or replaced, and makes the daemon listen again.
 * It uses inotify of the host, and a timer only after a failed attempt.
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
    // The event of a removed directory has the name of the directory.
    const paths = [reach.directory, ...reach.sockets.map(({ path }) => path)];
    this.#names = new Set(paths.map((path) => basename(path)));
    this.#watch();
  }

  /** Listens again on removed sockets. */
  look(): void {
    if (!this.#isBusy && !this.#isClosed) void this.#restore();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#watcher?.close();
  }

  #watch(): void {
    const { directory, warning } = this.#reach;
    try {
      const { ino } = statSync(directory);
      if (this.#watcher && ino === this.#watched) return;
      this.#watcher?.close();
      this.#watched = ino;
      this.#watcher = watch(directory, (_, name) => {
        // The directory may have been removed: the next one can have the same inode number.
        if (name === basename(directory)) this.#watched = 0;
        if (name === null || this.#names.has(name)) this.look();
      });
      this.#watcher.on('error', warning);
    } catch (error) {
      // All inotify instances of the user are in use (fs.inotify.max_user_instances).
      this.#watcher = undefined;
      warning(error);
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
      this.#reach.warning(error);
      if (!this.#isClosed) this.#timer = setTimeout(() => this.look(), this.#retryMs);
      this.#retryMs = Math.min(2 * this.#retryMs, monitorLimits.registerRetryMax);
    } finally {
      this.#isBusy = false;
    }
  }
}
