import { setMaxListeners } from 'node:events';
import type { Socket } from 'node:net';
import { rpcLimits } from '../system/limits.ts';
import type { Credentials } from '../system/native.ts';
import type { Dispatch, RpcCounters } from './dispatcher.ts';
import type { Caller } from './program.ts';
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
  readonly #caller: Caller;
  #outstanding = 0;

  constructor(socket: Socket, peer: Credentials & { readonly id: number }, service: Service) {
    this.#socket = socket;
    this.#dispatch = service.dispatch;
    this.#counters = service.counters;
    this.#totalUnsent = service.totalUnsent;
    this.#splitter = new RecordSplitter(service.callBytesMax);
    // Each call in progress may listen for the end of the connection, and a few owners of what it holds.
    setMaxListeners(2 * rpcLimits.callsOutstanding, this.#ended.signal);
    this.#caller = { ...peer, signal: this.#ended.signal };
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
    return this.#outstanding < rpcLimits.callsOutstanding && this.unsent < rpcLimits.unsentPauseBytes;
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
