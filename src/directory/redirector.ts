import { connect, createServer, isIPv4, type Server, type Socket } from 'node:net';
import { networkOf, plainAddress } from '../rpc/address.ts';
import {
  answerRecord,
  connectRedirected,
  type RedirectorAt,
  readRedirectorRecord,
} from '../rpc/client/redirect.ts';
import { takeFirstRecord } from '../rpc/codec/first-record.ts';
import { RecordError } from '../rpc/codec/record.ts';
import { XdrError } from '../rpc/codec/xdr.ts';
import { Gate } from '../rpc/server/gate.ts';
import { announcementCodec, type DirTarget, UMLREDIR_MAGIC } from '../rpc/umldir.gen.ts';
import { UmlmonError } from '../system/errors/errors.ts';
import { isAnyAddress, isLoopback } from '../system/ip-address.ts';
import { directoryLimits, directoryShares, rpcLimits } from '../system/limits/limits.ts';
import { clippedDirFailure } from './clipped-failure.ts';
import { loopbackFor } from './loopback.ts';
import type { Resolved } from './resolve.ts';

export interface RedirectorParts {
  /** The name of this host. */
  readonly here: string;
  /** Finds the VM of a target. Errors: DIRECTORY_*. */
  readonly resolve: (target: DirTarget) => Resolved;
  /** Address of the redirector of another host of the shared directory. */
  readonly redirectorOf: (host: string) => RedirectorAt | undefined;
  /** Called for each forwarded and each failed connection. */
  readonly log: (what: Redirected) => void;
  /** Called with the number of connections that were closed at a limit. */
  readonly onClosed: (count: number) => void;
}

export interface Redirected {
  readonly client: string;
  readonly vm: string;
  readonly host: string;
  /** The address that the monitor sees; empty on another host. */
  readonly as: string;
  /** Why the connection failed. */
  readonly failure?: unknown;
}

/**
 * One port for all monitors. The client names a VM (docs/directory-protocol.md), then the redirector forwards bytes in
 * both directions, unread. It stops reading from one side while the other side does not read. It also forwards the end
 * of each direction.
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
    // Too many open descriptors: the client tries again.
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
      const announcement = readRedirectorRecord(announcementCodec, record);
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
      // A client of another protocol gets no answer.
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
  // Only loopback addresses are reachable from a loopback address.
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
      hint: 'it may have just exited; try again',
    });
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Keeps reading until the client has the answer: closing a socket with unread bytes discards unsent data. */
function refuse(client: Socket, error: UmlmonError): void {
  const timer = setTimeout(() => client.destroy(), rpcLimits.closeGrace);
  client.once('close', () => clearTimeout(timer));
  client.end(answerRecord({ kind: 'failed', why: clippedDirFailure(error) }));
  client.resume();
}

/** Joins two connections until both have ended. An error of one destroys the other instead of ending it. */
function splice(one: Socket, other: Socket): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.on('error', () => from.destroy());
    from.once('close', () => {
      // After a clean end, the other side may still have data to send.
      if (!from.readableEnded || !from.writableFinished) to.resetAndDestroy();
    });
    from.pipe(to);
  }
}
