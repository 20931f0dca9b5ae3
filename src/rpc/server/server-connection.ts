import { setMaxListeners } from 'node:events';
import type { Socket } from 'node:net';
import { remoteLimits, rpcLimits } from '../../system/limits/limits.ts';
import type { SharePeer } from '../../system/sharing/shares.ts';
import type { Behalf, Caller, Remote } from '../codec/program.ts';
import { RecordSplitter } from '../codec/record.ts';
import type { CallTurns } from './call-scheduler.ts';
import type { Dispatch, RpcCounters } from './dispatcher.ts';
import { nobody, peerOf } from './peer.ts';
import { writeTogether } from './socket.ts';

/** The parts of the server that a connection uses. */
export interface Service {
  readonly dispatch: Dispatch;
  readonly counters: RpcCounters;
  /** Largest record of a call. */
  readonly callBytesMax: number;
  /** Schedules the calls of all connections. */
  readonly turns: CallTurns;
  /** Whether a peer may have more unsent bytes than rpcLimits.unsentPauseBytes. */
  readonly mayHaveUnsent: (peer: SharePeer) => boolean;
}

/**
 * A peer as identified at the connection. For a remote peer, `welcomed` is called after the login; it throws if there are
 * too many connections. For a local peer, `actsFor` is called when it acts on behalf of a client.
 */
export interface ConnectionPeer extends Omit<Caller, 'signal' | 'remote' | 'behalf' | 'actFor'> {
  readonly actsFor?: (behalf: SharePeer) => void;
  readonly remote?: Pick<Remote, 'address' | 'binding'> & { readonly welcomed: () => void };
}

/**
 * One peer of a server. It reads calls while few enough are in progress and the peer reads its replies. Otherwise the
 * bytes stay in the socket, which slows down only this peer.
 */
export class ServerConnection {
  readonly #socket: Socket;
  readonly #dispatch: Dispatch;
  readonly #counters: RpcCounters;
  readonly #service: Service;
  readonly #splitter: RecordSplitter;
  readonly #ended = new AbortController();
  /** Never changed, only replaced: a call in progress keeps the one from its start. */
  #caller: Caller;
  readonly #callBytesMax: number;
  #callsMax: number = rpcLimits.callsOutstanding;
  #outstanding = 0;
  #isDismissed = false;
  /** A call that waits in the scheduler. */
  #next: Buffer | undefined;
  #peer: SharePeer;

  constructor(socket: Socket, { actsFor, ...peer }: ConnectionPeer, service: Service) {
    this.#socket = socket;
    this.#dispatch = service.dispatch;
    this.#counters = service.counters;
    this.#service = service;
    this.#peer = peerOf(peer);
    this.#callBytesMax = service.callBytesMax;
    // An unauthenticated client makes two small calls, one after the other.
    const bounds = peer.remote ? remoteLimits.strangerCallBytes : service.callBytesMax;
    this.#splitter = new RecordSplitter(bounds);
    if (peer.remote || peer.refusal) this.#callsMax = 1;
    if (peer.refusal) this.#refuse();
    // Each call in progress may listen for the end of the connection, and so may a few other objects.
    setMaxListeners(2 * rpcLimits.callsOutstanding, this.#ended.signal);
    const actFor = (behalf: Behalf) => {
      const caller = { ...this.#caller, ...nobody, behalf };
      const whose = peerOf(caller);
      actsFor?.(whose);
      this.#caller = caller;
      this.#peer = whose;
    };
    this.#caller = { ...peer, signal: this.#ended.signal, remote: this.#remoteOf(peer), actFor };
    socket.on('data', (chunk: Buffer) => {
      this.#splitter.push(chunk);
      this.#pump();
    });
    socket.on('drain', () => this.#pump());
    // 'close' follows; without a listener, an error of the connection would be thrown.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#ended.abort());
  }

  /** The peer whose shares its calls use. */
  get peer(): SharePeer {
    return this.#peer;
  }

  /** Bytes of replies that are not sent yet. */
  get unsent(): number {
    return this.#socket.writableLength;
  }

  /** Ends the connection after the pending replies, at the latest after rpcLimits.closeGrace. */
  async close(): Promise<void> {
    this.#ended.abort();
    if (this.#socket.closed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.#socket.destroy(), rpcLimits.closeGrace);
      this.#socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      this.#socket.destroySoon();
    });
  }

  #remoteOf({ remote }: Pick<ConnectionPeer, 'remote'>): Remote | undefined {
    if (!remote) return undefined;
    const welcome = () => {
      remote.welcomed();
      this.#splitter.raise(this.#callBytesMax);
      this.#callsMax = rpcLimits.callsOutstanding;
    };
    const dismiss = () => {
      this.#isDismissed = true;
    };
    return { address: remote.address, binding: remote.binding, welcome, dismiss };
  }

  /** Allows one call within rpcLimits.refusedTime, to answer it with the refusal. */
  #refuse(): void {
    this.#isDismissed = true;
    const timer = setTimeout(() => this.#socket.destroy(), rpcLimits.refusedTime);
    this.#socket.once('close', () => clearTimeout(timer));
  }

  /** Schedules the next call, if one has arrived and the bounds allow it. */
  #pump(): void {
    if (this.#next) return;
    if (!this.#isOpen() || !this.#hasRoom()) {
      this.#socket.pause();
      return;
    }
    const record = this.#nextRecord();
    if (!record) {
      this.#socket.resume();
      return;
    }
    this.#next = record;
    this.#service.turns.add(this.peer, () => {
      this.#next = undefined;
      if (!this.#isOpen()) return;
      this.#outstanding++;
      void this.#serve(record);
      this.#pump();
    });
    // The scheduler delays the call: further bytes stay in the socket.
    if (this.#next) this.#socket.pause();
  }

  #isOpen(): boolean {
    return !this.#ended.signal.aborted && this.#socket.writable;
  }

  #hasRoom(): boolean {
    return this.#outstanding < this.#callsMax && this.unsent < rpcLimits.unsentPauseBytes;
  }

  #nextRecord(): Buffer | null {
    try {
      return this.#splitter.next();
    } catch {
      this.#dropForGarbage();
      return null;
    }
  }

  async #serve(record: Buffer): Promise<void> {
    try {
      this.#send(await this.#dispatch(record, this.#caller));
      if (this.#isDismissed) void this.close();
    } catch {
      this.#dropForGarbage();
    } finally {
      this.#outstanding--;
    }
    this.#pump();
  }

  #send(reply: Buffer): void {
    if (!this.#isOpen()) return;
    writeTogether(this.#socket, reply);
    const { unsent } = this;
    if (unsent <= rpcLimits.unsentPauseBytes) return;
    if (unsent <= rpcLimits.unsentDropBytes && this.#service.mayHaveUnsent(this.peer)) return;
    this.#counters.dropped++;
    this.#socket.destroy();
  }

  #dropForGarbage(): void {
    this.#counters.garbage++;
    this.#socket.destroy();
  }
}
