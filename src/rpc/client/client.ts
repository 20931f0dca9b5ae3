import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { isSystemError, UmlmonError } from '../../system/errors/errors.ts';
import { rpcLimits } from '../../system/limits/limits.ts';
import { placeText } from '../address.ts';
import { readReply, writeCall } from '../codec/message.ts';
import type { ArgsOf, Procedure, ProcedureName, Program, ResultOf } from '../codec/program.ts';
import { beginRecord, RecordSplitter, sealRecord } from '../codec/record.ts';
import { XdrReader } from '../codec/xdr.ts';
import { writeTogether } from '../server/socket.ts';
import { checkSocketPath } from '../server/socket-path.ts';
import {
  closedByUs,
  connectFailure,
  protocolFailure,
  statusFailure,
  timeoutFailure,
} from './client-errors.ts';

export type RpcTarget = string | { readonly host: string; readonly port: number };

export interface ConnectOptions {
  /** Name of the peer for messages: the name of the VM. */
  readonly name: string;
  /** Timeout to connect, and default timeout of calls, in milliseconds; 0 = no limit. */
  readonly timeoutMs: number;
  /** Builds the error for a missing or lost connection; `error` is null if the peer closed it. */
  readonly failure?: (error: unknown) => Error;
  /** Called once when the connection has ended, on either side. */
  readonly onEnd?: () => void;
}

export interface CallOptions {
  /** Aborts the call, which then rejects with the reason of the signal. The server may still execute it. */
  readonly signal?: AbortSignal;
  /** In milliseconds; 0 = no limit. */
  readonly timeoutMs?: number;
}

/** The procedures without arguments: `call('info')`. */
type ProcedureWithoutArgs<P extends Program> = {
  [K in ProcedureName<P>]: undefined extends ArgsOf<P, K> ? K : never;
}[ProcedureName<P>];

interface Pending {
  readonly procedure: Procedure;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One connection to a server of `program`. Calls may overlap and are answered in any order. When the connection ends, all
 * pending and later calls reject.
 */
export class RpcClient<P extends Program> {
  readonly #socket: Socket;
  readonly #program: P;
  readonly #place: string;
  readonly #options: ConnectOptions;
  readonly #splitter = new RecordSplitter(rpcLimits.replyBytes);
  readonly #pending = new Map<number, Pending>();
  #lastXid = 0;
  /** Why the connection has ended. */
  #ended: Error | null = null;

  private constructor(socket: Socket, program: P, place: string, options: ConnectOptions) {
    this.#socket = socket;
    this.#program = program;
    this.#place = place;
    this.#options = options;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error) => this.#end(this.#failure(error)));
    socket.on('close', () => this.#end(this.#failure(null)));
  }

  /** Uses a connected socket and closes it at the end. `place` is HOST:PORT, for messages. */
  static over<P extends Program>(
    socket: Socket,
    program: P,
    place: string,
    options: ConnectOptions,
  ): RpcClient<P> {
    return new RpcClient(socket, program, place, options);
  }

  /** Connects to a Unix socket, or to a TCP port without TLS. Throws UmlmonError MONITOR_UNREACHABLE. */
  static async connect<P extends Program>(
    target: RpcTarget,
    program: P,
    options: ConnectOptions,
  ): Promise<RpcClient<P>> {
    const place = typeof target === 'string' ? target : placeText(target.host, target.port);
    if (typeof target === 'string') checkSocketPath(target);
    const deadline = performance.now() + rpcLimits.connectPatience;
    for (;;) {
      const socket = typeof target === 'string' ? connect(target) : connect({ ...target, noDelay: true });
      let isFull = false;
      socket.once('error', (error) => {
        isFull = isSystemError(error) && error.code === 'EAGAIN';
      });
      const client = new RpcClient(socket, program, place, options);
      const failure = await client.#connected().catch((error: unknown) => ({ error }));
      if (!failure) return client;
      // The queue of the socket is full (connect(2)): too many clients are connecting.
      if (!isFull || performance.now() > deadline) throw failure.error;
      await delay(rpcLimits.connectPause);
    }
  }

  /**
   * Calls a procedure by its generated name. Rejects with UmlmonError: MONITOR_UNREACHABLE when the connection is lost,
   * RPC_TIMEOUT, RPC_PROTOCOL when the answer violates the protocol, INTERNAL for a bug in the server. Rejects with
   * XdrError when the arguments exceed their bounds, or with the reason of `signal`.
   */
  call<K extends ProcedureName<P>>(
    name: K,
    args: ArgsOf<P, K>,
    options?: CallOptions,
  ): Promise<ResultOf<P, K>>;
  call<K extends ProcedureWithoutArgs<P>>(name: K): Promise<ResultOf<P, K>>;
  call(name: ProcedureName<P>, args?: unknown, options: CallOptions = {}): Promise<unknown> {
    const procedure = this.#program.procedures[name];
    return new Promise((resolve, reject) => {
      if (!procedure) throw new RangeError(`no procedure ${name}`);
      options.signal?.throwIfAborted();
      if (this.#ended) throw this.#ended;
      if (this.#pending.size >= rpcLimits.clientCalls)
        throw new UmlmonError('INTERNAL', {
          place: this.#place,
          cause: `more than ${rpcLimits.clientCalls} calls are pending`,
        });
      const xid = this.#nextXid();
      const writer = beginRecord();
      const { program, version } = this.#program;
      writeCall(writer, { xid, program, version, procedure: procedure.number });
      procedure.args.encode(writer, args);
      this.#pending.set(xid, { procedure, ...this.#withLimits(xid, name, options, resolve, reject) });
      writeTogether(this.#socket, sealRecord(writer));
    });
  }

  /** Whether it has not ended. */
  get isOpen(): boolean {
    return this.#ended === null;
  }

  /** Ends the connection; pending calls reject. */
  close(): void {
    this.#end(closedByUs(this.#place));
  }

  #connected(): Promise<void> {
    const { timeoutMs } = this.#options;
    const giveUp = () => this.#end(this.#failure(new Error(`no answer within ${timeoutMs} ms`)));
    const timer = timeoutMs > 0 ? setTimeout(giveUp, timeoutMs) : undefined;
    return new Promise<void>((resolve, reject) => {
      this.#socket.once('connect', resolve);
      this.#socket.once('close', () => reject(this.#ended));
    }).finally(() => clearTimeout(timer));
  }

  /** `resolve` and `reject`, which first remove the timer and the signal listener of the call. */
  #withLimits(
    xid: number,
    name: string,
    { signal, timeoutMs = this.#options.timeoutMs }: CallOptions,
    resolve: Pending['resolve'],
    reject: Pending['reject'],
  ): Pick<Pending, 'resolve' | 'reject'> {
    const giveUp = (error: unknown) => {
      this.#pending.delete(xid);
      release();
      reject(error);
    };
    const onAbort = () => giveUp(signal?.reason);
    const onTimeout = () => giveUp(timeoutFailure(this.#place, name, timeoutMs));
    const timer = timeoutMs > 0 ? setTimeout(onTimeout, timeoutMs) : undefined;
    const release = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    signal?.addEventListener('abort', onAbort);
    return {
      resolve: (result) => {
        release();
        resolve(result);
      },
      reject: giveUp,
    };
  }

  /** The numbers of aborted calls are reused only after 2^32 others. */
  #nextXid(): number {
    do this.#lastXid = (this.#lastXid + 1) >>> 0;
    while (this.#pending.has(this.#lastXid));
    return this.#lastXid;
  }

  #receive(chunk: Buffer): void {
    this.#splitter.push(chunk);
    try {
      for (let record = this.#splitter.next(); record && !this.#ended; record = this.#splitter.next())
        this.#settle(record);
    } catch (error) {
      this.#end(protocolFailure(this.#place, error));
    }
  }

  /** Settles the call of a reply; replies to aborted calls are ignored. */
  #settle(record: Buffer): void {
    const reader = new XdrReader(record);
    const { xid, reply } = readReply(reader);
    const pending = this.#pending.get(xid);
    if (!pending) return;
    if (reply.status !== 'success') {
      pending.reject(statusFailure(this.#place, reply));
      return;
    }
    const result = pending.procedure.result.decode(reader);
    reader.finish();
    this.#pending.delete(xid);
    pending.resolve(result);
  }

  #failure(error: unknown): Error {
    return this.#options.failure?.(error) ?? connectFailure(this.#place, this.#options.name, error);
  }

  #end(why: Error): void {
    if (this.#ended) return;
    this.#ended = why;
    this.#socket.destroy();
    for (const pending of [...this.#pending.values()]) pending.reject(why);
    this.#options.onEnd?.();
  }
}
