import { connect, createServer, isIPv4, type Server, type Socket } from 'node:net';
import { networkOf, plainAddress } from '../rpc/address.ts';
import { answerRecord, connectRedirected, type RedirectorAt, readRecord } from '../rpc/client/redirect.ts';
import { takeFirstRecord } from '../rpc/codec/first-record.ts';
import { RecordError } from '../rpc/codec/record.ts';
import { XdrError } from '../rpc/codec/xdr.ts';
import { Gate } from '../rpc/server/gate.ts';
import { announcementCodec, type DirTarget, UMLREDIR_MAGIC } from '../rpc/umldir.gen.ts';
import { UmlmonError } from '../system/errors/errors.ts';
import { isAnyAddress, isLoopback } from '../system/ip-address.ts';
import { directoryLimits, directoryShares, rpcLimits } from '../system/limits/limits.ts';
import { clippedFailure } from './clipped-failure.ts';
import { loopbackFor } from './loopback.ts';
import type { Resolved } from './resolve.ts';

export interface RedirectorParts {
  /** The name of this host. */
  readonly here: string;
  /** Which VM is meant. Errors: DIRECTORY_*. */
  readonly resolve: (target: DirTarget) => Resolved;
  /** The redirector of another host of the shared directory. */
  readonly redirectorOf: (host: string) => RedirectorAt | undefined;
  /** Told of every connection that a monitor gets, and of every one that it does not. */
  readonly log: (what: Redirected) => void;
  /** Told how many connections were closed at a limit. */
  readonly onClosed: (count: number) => void;
}

export interface Redirected {
  readonly client: string;
  readonly vm: string;
  readonly host: string;
  /** The address that the monitor sees; empty on another host. */
  readonly as: string;
  /** Why there is no connection. */
  readonly failure?: unknown;
}

/**
 * One port for all monitors: the client says which VM it wants (docs/directory-protocol.md), then bytes go both ways
 * unseen. A side that does not read stops the other, and the end of either direction is handed on.
 */
export class Redirector {
  readonly #parts: RedirectorParts;
  readonly #gate: Gate;
  #listener: Server | undefined;

  constructor(parts: RedirectorParts) {
    this.#parts = parts;
    this.#gate = new Gate({ bounds: directoryShares.redirected, onClosed: parts.onClosed });
  }

  /** A server that is not listening yet, for `serve`. */
  static listener(): Server {
    return createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true, pauseOnConnect: true });
  }

  serve(listener: Server): void {
    this.#listener = listener;
    // Too many descriptors, for a moment: who asked asks again.
    listener.on('error', () => undefined);
    listener.on('connection', (socket) => {
      if (this.#gate.admit(socket)) void this.#take(socket);
    });
  }

  /** Stops listening and ends all connections. */
  async close(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    const closed = new Promise<void>((resolve) => {
      if (listener) listener.close(() => resolve());
      else resolve();
    });
    this.#gate.close();
    await closed;
  }

  async #take(client: Socket): Promise<void> {
    const giveUp = new AbortController();
    const { signal } = giveUp;
    const timer = setTimeout(() => giveUp.abort(), directoryLimits.announceTime);
    client.on('error', () => client.destroy());
    client.once('close', () => giveUp.abort());
    const address = plainAddress(client.remoteAddress ?? '');
    let target: DirTarget = { vm: '', host: '' };
    let host = '';
    try {
      const record = await takeFirstRecord(client, directoryLimits.announceBytes, signal);
      const announcement = readRecord(announcementCodec, record);
      if (announcement.magic !== UMLREDIR_MAGIC) throw new XdrError('not an announcement');
      ({ target } = announcement);
      const found = this.#parts.resolve(announcement.last ? { ...target, host: this.#parts.here } : target);
      ({ host } = found);
      const as = host === this.#parts.here ? loopbackFor(networkOf(address)) : '';
      const monitor = as === '' ? await this.#onward(found) : await connectMonitor(found, as, signal);
      if (client.destroyed) {
        monitor.destroy();
        return;
      }
      this.#parts.log({ client: address, vm: target.vm, host, as });
      client.write(answerRecord({ kind: 'ok', host }));
      splice(client, monitor);
    } catch (error) {
      if (client.destroyed) return;
      // What speaks another language gets no answer in ours.
      if (error instanceof UmlmonError) refuse(client, error);
      else client.destroy();
      if (!(error instanceof RecordError) && !signal.aborted)
        this.#parts.log({ client: address, vm: target.vm, host, as: '', failure: error });
    } finally {
      clearTimeout(timer);
    }
  }

  #onward({ host, vm }: Resolved): Promise<Socket> {
    const at = this.#parts.redirectorOf(host);
    if (at) return connectRedirected(at, { vm: vm.name, host }, { last: true, allowHalfOpen: true });
    throw new UmlmonError('REDIRECTOR_UNREACHABLE', {
      place: `umldir of ${this.#parts.here}`,
      cause: `${vm.name} runs on ${host}, which has no redirector`,
      hint: `in the configuration of ${host}: tcp_redir = true`,
    });
  }
}

/** Errors: DIRECTORY_NO_PORT, REDIRECTOR_MONITOR. */
async function connectMonitor(
  { host, vm }: Resolved,
  localAddress: string,
  signal: AbortSignal,
): Promise<Socket> {
  const place = `umldir of ${host}`;
  if (vm.port === 0)
    throw new UmlmonError('DIRECTORY_NO_PORT', {
      place,
      cause: `the monitor of ${vm.name} does not listen on TCP`,
      hint: `in the configuration of ${host}: tcp = true`,
    });
  const address = vm.address === '' || isAnyAddress(vm.address) ? '127.0.0.1' : plainAddress(vm.address);
  // Only a loopback address can be reached from another one.
  const from = isLoopback(address) && isIPv4(address) ? { localAddress } : {};
  const monitor = connect({ host: address, port: vm.port, noDelay: true, allowHalfOpen: true, ...from });
  monitor.pause();
  const abort = () => monitor.destroy(new Error('no answer in time'));
  signal.addEventListener('abort', abort);
  try {
    await new Promise<void>((resolve, reject) => {
      monitor.once('connect', resolve).once('error', reject);
    });
    return monitor;
  } catch (error) {
    throw new UmlmonError('REDIRECTOR_MONITOR', {
      place,
      cause: `cannot connect to the monitor of ${vm.name}: ${error instanceof Error ? error.message : String(error)}`,
      hint: 'it may have just ended; try again',
    });
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Reads on until the client has seen the answer: what is closed with unread bytes in it loses its last words. */
function refuse(client: Socket, error: UmlmonError): void {
  const timer = setTimeout(() => client.destroy(), rpcLimits.closeGrace);
  client.once('close', () => clearTimeout(timer));
  client.end(answerRecord({ kind: 'failed', why: clippedFailure(error) }));
  client.resume();
}

/** Joins two connections until both have ended; what breaks one breaks the other, and is not taken for its end. */
function splice(one: Socket, other: Socket): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.on('error', () => from.destroy());
    from.once('close', () => {
      // After an orderly end the other side may still have to send what it was given.
      if (!from.readableEnded || !from.writableFinished) to.resetAndDestroy();
    });
    from.pipe(to);
  }
}
