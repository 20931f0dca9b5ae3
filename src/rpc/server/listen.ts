import { chmodSync, chownSync, lstatSync, renameSync, rmSync, type Stats } from 'node:fs';
import { Server } from 'node:net';
import { dirname, join } from 'node:path';
import { UmlmonError } from '../../system/errors/errors.ts';
import { checkSocketPath } from './socket-path.ts';

/** The socket file of a server. */
export interface ListenOptions {
  readonly path: string;
  /** Permissions of the socket file: connecting requires write permission. */
  readonly mode: number;
  /** Owner of the socket file; by default the user of the process. */
  readonly uid?: number;
  /** Group of the socket file; by default that of the process. */
  readonly gid?: number;
}

/** Temporary name of a socket file until it has its owner and mode. Not longer than the final names. */
const newName = '.new';

/**
 * A server on a Unix socket that owns its file: `close` removes only this file, never the file of another server with the
 * same name. Device and inode identify it; the inode is not reused while the server listens.
 */
export class UnixListener extends Server {
  readonly #at: ListenOptions;
  #file: Pick<Stats, 'dev' | 'ino'> | undefined;

  /**
   * Listens on a free name; the caller holds the lock of the directory. The socket appears under its name with its final
   * owner and mode. Errors: HOST_SYSTEM_CALL, RPC_SOCKET_PATH.
   */
  static async open(at: ListenOptions): Promise<UnixListener> {
    const listener = new UnixListener(at);
    await listener.#listen();
    return listener;
  }

  private constructor(at: ListenOptions) {
    super();
    this.#at = at;
  }

  /** Whether the name still leads to this server. */
  get isReachable(): boolean {
    const named = lstatSync(this.#at.path, { throwIfNoEntry: false });
    return this.#file !== undefined && named?.ino === this.#file.ino && named.dev === this.#file.dev;
  }

  override close(callback?: (error?: Error) => void): this {
    try {
      // Node removes the name at bind time, which no longer exists.
      if (this.isReachable) rmSync(this.#at.path, { force: true });
    } catch {
      // The directory is no longer accessible; the next server replaces the file.
    }
    this.#file = undefined;
    return super.close(callback);
  }

  async #listen(): Promise<void> {
    const { path, mode, uid = -1, gid = -1 } = this.#at;
    checkSocketPath(path);
    const fresh = join(dirname(path), newName);
    try {
      rmSync(fresh, { force: true });
      const umask = process.umask(0o177);
      try {
        // It binds before it returns; only the event is asynchronous.
        this.listen(fresh);
      } finally {
        process.umask(umask);
      }
      await new Promise<void>((resolve, reject) => {
        this.once('listening', resolve).once('error', reject);
      });
      // The mode first: the new owner could change it.
      chmodSync(fresh, mode);
      if (uid >= 0 || gid >= 0) chownSync(fresh, uid, gid);
      this.#file = lstatSync(fresh);
      if (lstatSync(path, { throwIfNoEntry: false })) throw new Error('the file exists');
      renameSync(fresh, path);
    } catch (error) {
      this.#file = undefined;
      super.close();
      const cause = `cannot listen on the socket: ${error instanceof Error ? error.message : String(error)}`;
      throw new UmlmonError('HOST_SYSTEM_CALL', { place: path, cause });
    }
  }
}
