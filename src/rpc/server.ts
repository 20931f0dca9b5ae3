import { chmodSync, chownSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { UmlmonError } from '../system/errors.ts';
import { rpcLimits } from '../system/limits.ts';
import { type Credentials, peerCredentials } from '../system/native.ts';
import { createDispatch, type Dispatch, type RpcCounters } from './dispatcher.ts';
import type { Handlers, Program } from './program.ts';
import { ServerConnection } from './server-connection.ts';
import { descriptorOf } from './socket.ts';
import { checkSocketPath } from './socket-path.ts';

/** Where a server listens. */
export interface ListenOptions {
  readonly path: string;
  /** Permissions of the socket file: to connect, one must be able to write to it. */
  readonly mode: number;
  /** Group of the socket file; the process's own if absent. */
  readonly gid?: number;
}

/** Serves one program over stream sockets (RFC 5531), within the bounds of limits.ts; see docs/protocol.md. */
export class RpcServer<P extends Program> {
  readonly #counters: RpcCounters = {
    connections: 0,
    refused: 0,
    dropped: 0,
    calls: 0,
    faults: 0,
    garbage: 0,
  };
  readonly #onFault: (error: unknown, procedure: string) => void;
  readonly #dispatch: Dispatch;
  readonly #callBytesMax: number;
  readonly #connections = new Set<ServerConnection>();
  #listener: Server | null = null;
  #lastId = 0;

  /** @param onFault is told of every error of a handler; the peer sees SYSTEM_ERR only */
  constructor(program: P, handlers: Handlers<P>, onFault: (error: unknown, procedure: string) => void) {
    this.#onFault = onFault;
    this.#dispatch = createDispatch(program, handlers, this.#counters, onFault);
    this.#callBytesMax = rpcLimits.callHeaderBytes + program.argsBytesMax;
  }

  get counters(): Readonly<RpcCounters> {
    return this.#counters;
  }

  /**
   * Listens on a Unix socket that does not exist yet (a stale file is the caller's to remove). The file is never
   * wider open than `mode` and `gid` say: it is created for its owner alone. Throws UmlmonError.
   */
  async listen({ path, mode, gid }: ListenOptions): Promise<void> {
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
      if (gid !== undefined) chownSync(path, -1, gid);
      chmodSync(path, mode);
    } catch (error) {
      listener.close();
      const cause = `cannot listen on the socket: ${error instanceof Error ? error.message : String(error)}`;
      throw new UmlmonError('HOST_SYSTEM_CALL', { place: path, cause });
    }
    this.serve(listener);
  }

  /** Takes over a server that listens already, for instance on a descriptor that systemd has passed. */
  serve(listener: Server): void {
    this.#listener = listener;
    listener.maxConnections = rpcLimits.connections;
    listener.on('error', (error) => this.#onFault(error, 'accept'));
    listener.on('drop', () => this.#counters.refused++);
    listener.on('connection', (socket) => this.#accept(socket));
  }

  /** Stops listening, removes the socket file, and ends all connections after the replies that are on their way. */
  async close(): Promise<void> {
    const listener = this.#listener;
    this.#listener = null;
    if (!listener) return;
    const closed = new Promise<void>((resolve) => {
      listener.close(() => resolve());
    });
    for (const connection of this.#connections) connection.close();
    await closed;
  }

  #totalUnsent(): number {
    let total = 0;
    for (const { unsent } of this.#connections) total += unsent;
    return total;
  }

  #accept(socket: Socket): void {
    let peer: Credentials;
    try {
      peer = peerCredentials(descriptorOf(socket));
    } catch (error) {
      // Without knowing who it is, nobody is served.
      this.#counters.faults++;
      this.#onFault(error, 'connect');
      socket.destroy();
      return;
    }
    this.#counters.connections++;
    this.#lastId++;
    const connection = new ServerConnection(
      socket,
      { ...peer, id: this.#lastId },
      {
        dispatch: this.#dispatch,
        counters: this.#counters,
        callBytesMax: this.#callBytesMax,
        totalUnsent: () => this.#totalUnsent(),
      },
    );
    this.#connections.add(connection);
    socket.once('close', () => this.#connections.delete(connection));
  }
}
