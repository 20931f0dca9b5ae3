import { type FSWatcher, mkdirSync, statSync, watch } from 'node:fs';
import { basename } from 'node:path';
import { RpcClient } from '../../rpc/client/client.ts';
import type { RegistrationPlace } from '../../rpc/client/registration-place.ts';
import { type DirVm, umldir } from '../../rpc/umldir.gen.ts';
import { isSystemError, toFailure, UmlmonError } from '../../system/errors/errors.ts';
import { monitorLimits } from '../../system/limits/limits.ts';

/** Nothing listens: umldir does not run. Its coming is seen in the directory of its socket. */
const nobodyListens: readonly unknown[] = ['ENOENT', 'ECONNREFUSED'];

/**
 * Keeps a VM in the directory of its host: registered as long as this connection lasts, told of every change, and
 * registered again when umldir comes back. Nothing happens while nothing changes: the connection tells that umldir has
 * gone, and the host's kernel (inotify) that it has come.
 */
export class Registration {
  readonly #place: RegistrationPlace;
  readonly #prepare: () => void;
  readonly #describe: () => DirVm;
  readonly #trouble: (error: unknown) => void;
  #watcher: FSWatcher | undefined;
  #watched = 0;
  #client: RpcClient<typeof umldir> | undefined;
  #isBusy = false;
  /** Something has changed since the last attempt began. */
  #isStale = false;
  #isClosed = false;
  #retryMs: number = monitorLimits.registerRetry;
  #timer: NodeJS.Timeout | undefined;
  #lookLater: NodeJS.Timeout | undefined;

  /**
   * @param prepare makes the directory above the one of the socket, if that was removed
   * @param describe is asked whenever umldir is told
   * @param trouble hears why umldir cannot be told, if it is there
   */
  constructor(
    place: RegistrationPlace,
    prepare: () => void,
    describe: () => DirVm,
    trouble: (error: unknown) => void,
  ) {
    this.#place = place;
    this.#prepare = prepare;
    this.#describe = describe;
    this.#trouble = trouble;
    this.#look();
  }

  /** Tells umldir, if it is there, what has become of the VM. */
  update(): void {
    this.#isStale = true;
    if (!this.#isBusy && !this.#isClosed) void this.#tell();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#lookLater);
    this.#watcher?.close();
    this.#client?.close();
  }

  /** Watches the directory of the socket; one that was removed is made again, by us or by umldir. */
  #look(): void {
    const { directory } = this.#place;
    try {
      this.#prepare();
      // Not the one above it, too: that one is open to others.
      makeOne(directory);
      const { ino } = statSync(directory);
      if (this.#watcher && ino === this.#watched) return;
      const isAgain = this.#watcher !== undefined;
      this.#watcher?.close();
      this.#watched = ino;
      this.#watcher = watch(directory, (_, name) => {
        // It was removed itself, maybe: the next one can have the same number.
        if (name === basename(directory)) this.#watched = 0;
        this.#look();
        if (!this.#client) this.update();
      });
      if (isAgain) this.#lookSoon();
      this.#watcher.on('error', this.#trouble);
    } catch (error) {
      this.#watcher = undefined;
      this.#trouble(error);
      if (isSystemError(error) && error.code === 'ENOENT') this.#lookSoon();
    }
  }

  /** What removes a whole tree may still be at it. */
  #lookSoon(): void {
    clearTimeout(this.#lookLater);
    if (!this.#isClosed) this.#lookLater = setTimeout(() => this.#look(), monitorLimits.registerRetry);
  }

  async #tell(): Promise<void> {
    this.#isBusy = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    try {
      while (this.#isStale && !this.#isClosed) {
        this.#isStale = false;
        this.#client ??= await this.#connect();
        const answer = await this.#client.call('register', this.#describe());
        if (answer.kind === 'failed') throw new UmlmonError('DIRECTORY_LOCAL', answer.why);
        this.#retryMs = monitorLimits.registerRetry;
      }
    } catch (error) {
      const client = this.#client;
      this.#client = undefined;
      client?.close();
      if (this.#isClosed) return;
      if (!(error instanceof Absent)) this.#retry(error);
      // Nobody tells us when it comes: the host has no more inotify instances (fs.inotify.max_user_instances).
      else if (!this.#watcher) this.#after(monitorLimits.registerRetryMax);
    } finally {
      this.#isBusy = false;
    }
    // What came while the last attempt failed: umldir may listen by now.
    if (this.#isStale && !this.#isClosed && this.#timer === undefined) void this.#tell();
  }

  async #connect(): Promise<RpcClient<typeof umldir>> {
    let opened: RpcClient<typeof umldir> | undefined;
    opened = await RpcClient.connect(this.#place.path, umldir, {
      name: 'umldir',
      timeoutMs: monitorLimits.registerTime,
      failure: (error) =>
        isSystemError(error) && nobodyListens.includes(error.code) ? new Absent() : lost(this.#place, error),
      onEnd: () => {
        if (!opened || this.#client !== opened) return;
        this.#client = undefined;
        // It may be back already.
        this.update();
      },
    });
    return opened;
  }

  /** umldir is there, and does not take us: it is busy or full, and will say when. */
  #retry(error: unknown): void {
    this.#trouble(error);
    this.#after(this.#retryMs);
    this.#retryMs = Math.min(2 * this.#retryMs, monitorLimits.registerRetryMax);
  }

  #after(ms: number): void {
    this.#timer = setTimeout(() => this.update(), ms);
  }
}

function makeOne(directory: string): void {
  try {
    mkdirSync(directory, 0o700);
  } catch (error) {
    if (!isSystemError(error) || error.code !== 'EEXIST') throw error;
  }
}

/** There is no umldir. */
class Absent extends Error {
  override readonly name = 'Absent';
}

function lost({ path }: RegistrationPlace, error: unknown): UmlmonError {
  return new UmlmonError('DIRECTORY_UNREACHABLE', {
    place: path,
    cause: `cannot register with umldir: ${error === null ? 'it has closed the connection' : toFailure(error).cause}`,
  });
}
