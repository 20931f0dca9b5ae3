import { setMaxListeners } from 'node:events';
import type { Socket } from 'node:net';
import { remoteLimits, rpcLimits } from '../system/limits.ts';
import type { Dispatch, RpcCounters } from './dispatcher.ts';
import { nobody } from './peer.ts';
import type { Behalf, Caller, Remote } from './program.ts';
import { RecordSplitter } from './record.ts';
import { writeTogether } from './socket.ts';

/** What a connection has of its server. */
export interface Service {
  readonly dispatch: Dispatch;
  readonly counters: RpcCounters;
  /** Largest record of a call. */
  readonly callBytesMax: number;
  /** Unsent bytes of all connections. */
  readonly totalUnsent: () => number;
}

/** A peer as it is known when it has connected; of a remote one, `welcomed` is told when it has proved who it is. */
export interface Peer extends Omit<Caller, 'signal' | 'remote' | 'behalf' | 'actFor'> {
  readonly remote?: Pick<Remote, 'address' | 'binding'> & { readonly welcomed: () => void };
}

/**
 * One peer of a server. Reads calls while few enough are in progress and the peer reads its replies; otherwise the
 * bytes stay in the kernel's socket, where they slow down the peer alone.
 */
export class ServerConnection {
  readonly #socket: Socket;
  readonly #dispatch: Dispatch;
  readonly #counters: RpcCounters;
  readonly #totalUnsent: () => number;
  readonly #splitter: RecordSplitter;
  readonly #ended = new AbortController();
  /** Never changed, only replaced: a call in progress has the one that it began with. */
  #caller: Caller;
  readonly #callBytesMax: number;
  #callsMax: number = rpcLimits.callsOutstanding;
  #outstanding = 0;
  #isDismissed = false;

  constructor(socket: Socket, peer: Peer, service: Service) {
    this.#socket = socket;
    this.#dispatch = service.dispatch;
    this.#counters = service.counters;
    this.#totalUnsent = service.totalUnsent;
    this.#callBytesMax = service.callBytesMax;
    // A stranger has two calls to make, one after the other, and both are small.
    const bounds = peer.remote ? remoteLimits.strangerCallBytes : service.callBytesMax;
    this.#splitter = new RecordSplitter(bounds);
    if (peer.remote) this.#callsMax = 1;
    // Each call in progress may listen for the end of the connection, and a few owners of what it holds.
    setMaxListeners(2 * rpcLimits.callsOutstanding, this.#ended.signal);
    const actFor = (behalf: Behalf) => {
      this.#caller = { ...this.#caller, ...nobody, behalf };
    };
    this.#caller = { ...peer, signal: this.#ended.signal, remote: this.#remoteOf(peer), actFor };
    socket.on('data', (chunk: Buffer) => {
      this.#splitter.push(chunk);
      this.#pump();
    });
    socket.on('drain', () => this.#pump());
    // A broken connection is no fault of ours and 'close' follows; without a listener the error would be thrown.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#ended.abort());
  }

  /** Bytes of replies that the peer has not taken. */
  get unsent(): number {
    return this.#socket.writableLength;
  }

  /** Ends the connection after the replies that are written already, at the latest after rpcLimits.closeGrace. */
  close(): void {
    this.#ended.abort();
    const timer = setTimeout(() => this.#socket.destroy(), rpcLimits.closeGrace);
    this.#socket.once('close', () => clearTimeout(timer));
    this.#socket.destroySoon();
  }

  #remoteOf({ remote }: Peer): Remote | undefined {
    if (!remote) return undefined;
    const welcome = () => {
      this.#splitter.raise(this.#callBytesMax);
      this.#callsMax = rpcLimits.callsOutstanding;
      remote.welcomed();
    };
    const dismiss = () => {
      this.#isDismissed = true;
    };
    return { address: remote.address, binding: remote.binding, welcome, dismiss };
  }

  /** Serves what has arrived, as far as the bounds allow. */
  #pump(): void {
    while (this.#isOpen() && this.#hasRoom()) {
      const record = this.#nextRecord();
      if (!record) {
        this.#socket.resume();
        return;
      }
      this.#outstanding++;
      void this.#serve(record);
    }
    this.#socket.pause();
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
      if (this.#isDismissed) this.close();
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
    if (unsent <= rpcLimits.unsentDropBytes && this.#totalUnsent() <= rpcLimits.unsentTotalBytes) return;
    this.#counters.dropped++;
    this.#socket.destroy();
  }

  #dropForGarbage(): void {
    this.#counters.garbage++;
    this.#socket.destroy();
  }
}
