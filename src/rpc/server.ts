import type { Server, Socket } from 'node:net';
import { rpcLimits } from '../system/limits.ts';
import { type Credentials, peerCredentials, peerGroups } from '../system/native.ts';
import { createDispatch, type Dispatch, type RpcCounters } from './dispatcher.ts';
import { type ListenOptions, listenOnUnix } from './listen.ts';
import { nobody } from './peer.ts';
import type { Handlers, Program } from './program.ts';
import type { RemoteListener } from './remote-listener.ts';
import { type Peer, ServerConnection } from './server-connection.ts';
import { descriptorOf } from './socket.ts';

/** What a server takes of those who connect. */
export interface ServeOptions {
  /** Further connections are closed at once. */
  readonly connections?: number;
  /** Whether a connection may stay; who says no has closed it. */
  readonly admit?: (socket: Socket) => boolean;
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
  #remote: RemoteListener | null = null;
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

  /** See listenOnUnix. Throws UmlmonError. */
  async listen(at: ListenOptions, options: ServeOptions = {}): Promise<void> {
    this.serve(await listenOnUnix(at), options);
  }

  /** Takes over a server that listens already, for instance on a descriptor that systemd has passed. */
  serve(
    listener: Server,
    { connections = rpcLimits.connections, admit = () => true }: ServeOptions = {},
  ): void {
    this.#listener = listener;
    listener.maxConnections = connections;
    this.#count(listener);
    listener.on('connection', (socket) => {
      if (admit(socket)) this.#accept(socket);
      else this.#counters.refused++;
    });
  }

  /** Serves clients over TCP too; the handlers must ask who they are. */
  serveRemote(listener: RemoteListener): void {
    this.#remote = listener;
    this.#count(listener.server);
    listener.onArrival(({ socket, ...remote }) => {
      if (this.#remote === listener) this.#connect(socket, { ...nobody, remote });
    });
  }

  #count(listener: Server): void {
    listener.on('error', (error) => this.#onFault(error, 'accept'));
    listener.on('drop', () => this.#counters.refused++);
  }

  /** Stops listening, removes the socket file, and ends all connections after the replies that are on their way. */
  async close(): Promise<void> {
    const listener = this.#listener;
    const remote = this.#remote;
    this.#listener = null;
    this.#remote = null;
    const closed = Promise.all([
      listener && new Promise<void>((resolve) => listener.close(() => resolve())),
      remote?.close(),
    ]);
    for (const connection of this.#connections) connection.close();
    await closed;
  }

  #totalUnsent(): number {
    let total = 0;
    for (const { unsent } of this.#connections) total += unsent;
    return total;
  }

  #accept(socket: Socket): void {
    let peer: Credentials & { groups: number[] };
    try {
      const fd = descriptorOf(socket);
      peer = { ...peerCredentials(fd), groups: socket.remoteAddress === undefined ? peerGroups(fd) : [] };
    } catch (error) {
      // Without knowing who it is, nobody is served.
      this.#counters.faults++;
      this.#onFault(error, 'connect');
      socket.destroy();
      return;
    }
    this.#connect(socket, peer);
  }

  #connect(socket: Socket, peer: Omit<Peer, 'id'>): void {
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
