import type { Server, Socket } from 'node:net';
import { UmlmonError } from '../../system/errors/errors.ts';
import { noteRefusal } from '../../system/errors/refusals.ts';
import { remoteShares, rpcLimits, rpcShares } from '../../system/limits/limits.ts';
import { type Credentials, peerCredentials, peerGroups } from '../../system/native/native.ts';
import { FairTable } from '../../system/sharing/fair-table.ts';
import {
  type RefusedShare,
  refusalText,
  type ShareBounds,
  type SharePeer,
} from '../../system/sharing/shares.ts';
import { plainAddress } from '../address.ts';
import type { Handlers, Program } from '../codec/program.ts';
import { acceptMore } from './accept-more.ts';
import { CallTurns } from './call-scheduler.ts';
import { createDispatch, type Dispatch, type RpcCounters } from './dispatcher.ts';
import { type ListenOptions, UnixListener } from './listen.ts';
import { nobody, peerAt, peerOfUser } from './peer.ts';
import type { RemoteListener } from './remote-listener.ts';
import { type ConnectionPeer, ServerConnection } from './server-connection.ts';
import { descriptorOf } from './socket.ts';

const refuses = { atShare: 'refuse', atFull: 'refuse' } as const;

/** How a server limits connections. */
export interface ServeOptions {
  /** Shares of the users of this host. */
  readonly bounds?: ShareBounds;
  /** Whether a connection to a port is admitted; otherwise the callee has closed it. */
  readonly admit?: (socket: Socket) => boolean;
  /** Whether the handlers answer calls of refused connections with the refusal. */
  readonly tellsRefusals?: boolean;
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
  readonly #turns = new CallTurns();
  readonly #remotes = new FairTable<Socket>(remoteShares.connections, refuses);
  /** Connections of clients behind proxies of this host, apart from those of the users of the host. */
  readonly #behalfs = new FairTable<Socket>(rpcShares.behalfConnections, refuses);
  readonly #refused = new FairTable<Socket>(rpcShares.refusedConnections, refuses);
  #listener: Server | null = null;
  #remote: RemoteListener | null = null;
  #lastId = 0;

  /** @param onFault called for each error of a handler; the peer gets only SYSTEM_ERR */
  constructor(program: P, handlers: Handlers<P>, onFault: (error: unknown, procedure: string) => void) {
    this.#onFault = onFault;
    this.#dispatch = createDispatch(program, handlers, this.#counters, onFault);
    this.#callBytesMax = rpcLimits.callHeaderBytes + program.argsBytesMax;
  }

  get counters(): Readonly<RpcCounters> {
    return this.#counters;
  }

  /** Existing connections continue when the server listens again after its socket file was removed. Errors: those of UnixListener.open. */
  async listen(at: ListenOptions, options: ServeOptions = {}): Promise<void> {
    const former = this.#listener;
    this.serve(await UnixListener.open(at), options);
    former?.close();
  }

  /** Whether the socket file still leads to this server; true for a passed listener. */
  get isReachable(): boolean {
    return !(this.#listener instanceof UnixListener) || this.#listener.isReachable;
  }

  /** Uses a listening server, for example on a descriptor from systemd. */
  serve(
    listener: Server,
    { bounds = rpcShares.connections, admit, tellsRefusals = false }: ServeOptions = {},
  ): void {
    this.#listener = listener;
    this.#count(listener);
    const users = new FairTable<Socket>(bounds, refuses);
    acceptMore(listener, {}, (fd) => !admit && this.#isRefused(fd, users, tellsRefusals));
    listener.on('connection', (socket) => {
      if (admit && !admit(socket)) this.#counters.refused++;
      else this.#accept(socket, admit ? undefined : users, tellsRefusals);
    });
  }

  /** Also serves clients over TCP; the handlers must require a login. */
  serveRemote(listener: RemoteListener): void {
    this.#remote = listener;
    this.#count(listener.server);
    listener.onArrival(({ socket, welcomed, ...remote }) => {
      const enter = () => {
        const refusal = this.#enter(this.#remotes, peerAt(remote.address), socket);
        if (refusal) throw refusal;
        welcomed();
      };
      if (this.#remote === listener)
        this.#connect(socket, { ...nobody, remote: { ...remote, welcomed: enter } });
    });
  }

  /** Closes a connection without an answer. */
  #isRefused(fd: number, users: FairTable<Socket>, tellsRefusals: boolean): boolean {
    const peer = peerOfUser(peerCredentials(fd).uid);
    if (!users.isOver(peer) || (tellsRefusals && !this.#refused.isOver(peer))) return false;
    noteRefusal({ table: rpcShares.connections.table ?? '', peer: peer.key });
    this.#counters.refused++;
    return true;
  }

  /** Adds a connection to a table and closes the one that it displaces. */
  #enter(table: FairTable<Socket>, peer: SharePeer, socket: Socket): UmlmonError | undefined {
    const added = table.add(peer, socket);
    if ('refused' in added) {
      this.#counters.refused++;
      return tooMany(added);
    }
    socket.once('close', () => table.delete(socket));
    if (added.victim) {
      this.#counters.refused++;
      added.victim.destroy();
    }
    return undefined;
  }

  #count(listener: Server): void {
    listener.on('error', (error) => this.#onFault(error, 'accept'));
    listener.on('drop', () => this.#counters.refused++);
  }

  /** Stops listening, removes the socket file, and ends all connections after their pending replies. */
  async close(): Promise<void> {
    const listener = this.#listener;
    const remote = this.#remote;
    this.#listener = null;
    this.#remote = null;
    const closed = Promise.all([
      listener && new Promise<void>((resolve) => listener.close(() => resolve())),
      remote?.close(),
    ]);
    await Promise.all([closed, ...[...this.#connections].map((connection) => connection.close())]);
  }

  #mayHaveUnsent({ key, isOwner }: SharePeer): boolean {
    const { total, perPeer, reserve } = rpcShares.unsentTotalBytes;
    let all = 0;
    let own = 0;
    for (const { unsent, peer } of this.#connections) {
      all += unsent;
      if (peer.key === key) own += unsent;
    }
    return isOwner ? all <= total : own <= perPeer && all <= total - reserve;
  }

  #accept(socket: Socket, users: FairTable<Socket> | undefined, tellsRefusals: boolean): void {
    const { remoteAddress } = socket;
    const address = remoteAddress === undefined ? undefined : plainAddress(remoteAddress);
    let peer: Credentials & { groups: number[] };
    try {
      const fd = descriptorOf(socket);
      peer = { ...peerCredentials(fd), groups: address === undefined ? peerGroups(fd) : [] };
    } catch (error) {
      // A peer without credentials is not served.
      this.#counters.faults++;
      this.#onFault(error, 'connect');
      socket.destroy();
      return;
    }
    const share = peerOfUser(peer.uid);
    const refusal = users && this.#enter(users, share, socket);
    const actsFor = (behalf: SharePeer) => {
      const full = this.#enter(this.#behalfs, behalf, socket);
      if (full) throw full;
      users?.delete(socket);
    };
    if (!refusal) this.#connect(socket, { ...peer, address, actsFor });
    else if (tellsRefusals && !('refused' in this.#refused.add(share, socket))) {
      socket.once('close', () => this.#refused.delete(socket));
      this.#connect(socket, { ...peer, refusal });
    } else {
      socket.on('error', () => undefined);
      socket.destroy();
    }
  }

  #connect(socket: Socket, peer: Omit<ConnectionPeer, 'id'>): void {
    if (!peer.refusal) this.#counters.connections++;
    this.#lastId++;
    const connection = new ServerConnection(
      socket,
      { ...peer, id: this.#lastId },
      {
        dispatch: this.#dispatch,
        counters: this.#counters,
        callBytesMax: this.#callBytesMax,
        turns: this.#turns,
        mayHaveUnsent: (share) => this.#mayHaveUnsent(share),
      },
    );
    this.#connections.add(connection);
    socket.once('close', () => this.#connections.delete(connection));
  }
}

function tooMany(refusal: RefusedShare): UmlmonError {
  return new UmlmonError('RPC_CONNECTIONS', {
    place: 'connection',
    cause: refusalText(refusal, 'connections'),
    hint:
      refusal.refused === 'share'
        ? 'close some of them; other users are not affected'
        : 'try again; a user with more connections loses one to a user with fewer',
  });
}
