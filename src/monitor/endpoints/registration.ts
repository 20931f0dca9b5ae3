import { type FSWatcher, mkdirSync, statSync, watch } from 'node:fs';
import { basename } from 'node:path';
import { RpcClient } from '../../rpc/client/client.ts';
import type { RegistrationPlace } from '../../rpc/client/registration-place.ts';
import { type DirVm, umldir } from '../../rpc/umldir.gen.ts';
import { isSystemError, toFailure, UmlmonError } from '../../system/errors/errors.ts';
import { monitorLimits } from '../../system/limits/limits.ts';
import type { Warnings } from '../warnings.ts';

/** Nothing listens: umldir does not run. Its start is seen in the directory of its socket. */
const nobodyListens: readonly unknown[] = ['ENOENT', 'ECONNREFUSED'];

/** What a registration needs of the endpoints of its monitor. */
export interface RegistrationOwner {
  readonly warnings: Pick<Warnings, 'report'>;
  /** Recreates the directory above the one of the socket, if it was removed. */
  recreateRunDir(): void;
  /** The entry of the VM in the directory of the host. */
  describe(): DirVm;
}

/**
 * Keeps a VM in the directory of its host: registers it, sends every change, and registers it again when umldir has
 * restarted. Without changes it is idle: the connection reports the end of umldir, and inotify its start.
 */
export class Registration {
  readonly #place: RegistrationPlace;
  readonly #owner: RegistrationOwner;
  #watcher: FSWatcher | undefined;
  #watched = 0;
  #client: RpcClient<typeof umldir> | undefined;
  #isBusy = false;
  /** The VM has changed since the last attempt started. */
  #isStale = false;
  #isClosed = false;
  #retryMs: number = monitorLimits.registerRetry;
  #timer: NodeJS.Timeout | undefined;
  #lookLater: NodeJS.Timeout | undefined;

  constructor(place: RegistrationPlace, owner: RegistrationOwner) {
    this.#place = place;
    this.#owner = owner;
    this.#look();
  }

  /** Sends the state of the VM to umldir, if it runs. */
  update(): void {
    this.#isStale = true;
    if (!this.#isBusy && !this.#isClosed) void this.#send();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#lookLater);
    this.#watcher?.close();
    this.#client?.close();
  }

  /** Watches the directory of the socket, and recreates it if it was removed. */
  #look(): void {
    const { directory } = this.#place;
    try {
      this.#owner.recreateRunDir();
      // Not recursively: other users can write to the directory above.
      makeOne(directory);
      const { ino } = statSync(directory);
      if (this.#watcher && ino === this.#watched) return;
      const isAgain = this.#watcher !== undefined;
      this.#watcher?.close();
      this.#watched = ino;
      this.#watcher = watch(directory, (_, name) => {
        // The directory itself may have been removed; the next one can have the same inode number.
        if (name === basename(directory)) this.#watched = 0;
        this.#look();
        if (!this.#client) this.update();
      });
      if (isAgain) this.#lookSoon();
      this.#watcher.on('error', this.#owner.warnings.report);
    } catch (error) {
      this.#watcher = undefined;
      this.#owner.warnings.report(error);
      if (isSystemError(error) && error.code === 'ENOENT') this.#lookSoon();
    }
  }

  /** Later: a removal of the whole tree may still be in progress. */
  #lookSoon(): void {
    clearTimeout(this.#lookLater);
    if (!this.#isClosed) this.#lookLater = setTimeout(() => this.#look(), monitorLimits.registerRetry);
  }

  async #send(): Promise<void> {
    this.#isBusy = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    try {
      while (this.#isStale && !this.#isClosed) {
        this.#isStale = false;
        this.#client ??= await this.#connect();
        const answer = await this.#client.call('register', this.#owner.describe());
        if (answer.kind === 'failed') throw new UmlmonError('DIRECTORY_LOCAL', answer.why);
        this.#retryMs = monitorLimits.registerRetry;
      }
    } catch (error) {
      const client = this.#client;
      this.#client = undefined;
      client?.close();
      if (this.#isClosed) return;
      if (!(error instanceof Absent)) this.#retry(error);
      // Without inotify (fs.inotify.max_user_instances), its start is not seen.
      else if (!this.#watcher) this.#after(monitorLimits.registerRetryMax);
    } finally {
      this.#isBusy = false;
    }
    // A change during the failed attempt: umldir may listen by now.
    if (this.#isStale && !this.#isClosed && this.#timer === undefined) void this.#send();
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
        // It may have restarted already.
        this.update();
      },
    });
    return opened;
  }

  /** umldir runs, but refuses the registration: it is busy or full. */
  #retry(error: unknown): void {
    this.#owner.warnings.report(error);
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

/** umldir does not run. */
class Absent extends Error {
  override readonly name = 'Absent';
}

function lost({ path }: RegistrationPlace, error: unknown): UmlmonError {
  return new UmlmonError('DIRECTORY_UNREACHABLE', {
    place: path,
    cause: `cannot register with umldir: ${error === null ? 'it has closed the connection' : toFailure(error).cause}`,
  });
}
