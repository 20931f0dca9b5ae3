import { chmodSync, chownSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { UmlmonError } from '../system/errors.ts';
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

/**
 * Listens on a Unix socket that does not exist yet (a stale file is the caller's to remove). The file is never
 * wider open than `mode` and `gid` say: it is created for its owner alone. Throws UmlmonError.
 */
export async function listenOnUnix({ path, mode, uid = -1, gid = -1 }: ListenOptions): Promise<Server> {
  checkSocketPath(path);
  const listener = createServer();
  const umask = process.umask(0o177);
  try {
    // Binds before it returns; only the event comes later.
    listener.listen(path);
  } finally {
    process.umask(umask);
  }
  try {
    await new Promise<void>((resolve, reject) => {
      listener.once('listening', resolve).once('error', reject);
    });
    // The mode first: who owns the file from then on can change it.
    chmodSync(path, mode);
    if (uid >= 0 || gid >= 0) chownSync(path, uid, gid);
    return listener;
  } catch (error) {
    listener.close();
    const cause = `cannot listen on the socket: ${error instanceof Error ? error.message : String(error)}`;
    throw new UmlmonError('HOST_SYSTEM_CALL', { place: path, cause });
  }
}
