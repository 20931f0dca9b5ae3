import { chmodSync, chownSync, lstatSync, renameSync, rmSync, type Stats } from 'node:fs';
import { Server } from 'node:net';
import { dirname, join } from 'node:path';
import { UmlmonError } from '../../system/errors/errors.ts';
import { checkSocketPath } from './socket-path.ts';

/** Where a server listens. */
export interface ListenOptions {
  readonly path: string;
  /** Permissions of the socket file: to connect, one must be able to write to it. */
  readonly mode: number;
  /** Owner of the socket file; the process's own user if absent. */
  readonly uid?: number;
  /** Group of the socket file; the process's own if absent. */
  readonly gid?: number;
}

/** The name of a socket file until it has its owner and mode. Not longer than the names of our sockets. */
const newName = '.new';

/**
 * A server on a Unix socket whose file belongs to it: `close` removes that very file, and never that of another server
 * which has taken the name since. Device and inode tell them apart; the inode stays ours as long as the server listens.
 */
export class UnixListener extends Server {
  readonly #at: ListenOptions;
  #file: Pick<Stats, 'dev' | 'ino'> | undefined;

  /**
   * For a caller that holds the lock of the directory, on a name that is free. The socket appears under its name with its
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
      // Node removes the name under which the server was bound: that one is gone already.
      if (this.isReachable) rmSync(this.#at.path, { force: true });
    } catch {
      // In a directory that is no longer ours; the next server replaces the file.
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
        // Binds before it returns; only the event comes later.
        this.listen(fresh);
      } finally {
        process.umask(umask);
      }
      await new Promise<void>((resolve, reject) => {
        this.once('listening', resolve).once('error', reject);
      });
      // The mode first: who owns the file from then on can change it.
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
