import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { UmlmonError } from '../../system/errors/errors.ts';
import { isAnyAddress } from '../../system/ip-address.ts';
import { placeText, plainAddress } from '../address.ts';
import { channelBinding, tlsVersion } from '../auth/channel-binding.ts';
import { tcpOptions } from '../client/tcp-options.ts';
import { acceptMore } from './accept-more.ts';
import { CallTurns } from './call-scheduler.ts';
import { peerAt } from './peer.ts';
import { Strangers } from './strangers.ts';

export interface RemoteListenOptions {
  readonly host: string;
  /** 0: the host chooses one. */
  readonly port: number;
  /** PEM texts; null: no TLS. */
  readonly tls: { readonly key: string; readonly cert: string } | null;
}

/** A client that may make its first call. */
export interface Arrival {
  readonly socket: Socket;
  readonly address: string;
  readonly binding: Buffer | null;
  /** Called after the login; without a login, the connection ends soon. */
  readonly welcomed: () => void;
}

/** Accepts clients over TCP, with or without TLS 1.3, within the bounds for unauthenticated clients. */
export class RemoteListener {
  readonly server: Server;
  readonly #strangers = new Strangers();
  /** Schedules TLS handshakes, which are expensive. */
  readonly #turns = new CallTurns();
  readonly #secure: SecureContext | null;
  readonly #host: string;
  #onArrival: (arrival: Arrival) => void = ({ socket }) => socket.destroy();

  /** Errors: REMOTE_LISTEN, REMOTE_CERTIFICATE. */
  static async open(options: RemoteListenOptions): Promise<RemoteListener> {
    const { host, port } = options;
    const listener = new RemoteListener(options);
    try {
      await new Promise<void>((resolve, reject) => {
        listener.server.once('listening', resolve).once('error', reject).listen({ host, port });
      });
      return listener;
    } catch (error) {
      await listener.close();
      const cause = `cannot listen on TCP: ${error instanceof Error ? error.message : String(error)}`;
      throw new UmlmonError('REMOTE_LISTEN', {
        place: placeText(host, port),
        cause,
        hint: 'tcp_address must be an address of this host, and tcp_port must be unused',
      });
    }
  }

  private constructor({ host, tls }: RemoteListenOptions) {
    this.#host = host;
    this.#secure = tls && secureContext(tls);
    this.server = createServer((socket) => this.#accept(socket));
    acceptMore(this.server);
  }

  get port(): number {
    const address = this.server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** The address on which it listens; '' for all addresses. */
  get address(): string {
    return isAnyAddress(this.#host) ? '' : this.#host;
  }

  /** `ADDRESS:PORT` for clients. */
  get place(): string {
    return placeText(this.#host, this.port);
  }

  onArrival(handler: (arrival: Arrival) => void): void {
    this.#onArrival = handler;
  }

  /** Stops listening and disconnects unauthenticated clients; resolves when all other connections have ended too. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.#strangers.close();
    await closed;
  }

  #accept(socket: Socket): void {
    const address = plainAddress(socket.remoteAddress ?? '');
    socket.setNoDelay(tcpOptions.noDelay);
    socket.setKeepAlive(tcpOptions.keepAlive, tcpOptions.keepAliveInitialDelay);
    // 'close' follows; without a listener, an error of the connection would be thrown.
    socket.on('error', () => socket.destroy());
    this.#strangers.add(socket, address);
    const welcomed = () => this.#strangers.forget(socket);
    const secureContext = this.#secure;
    if (!secureContext) {
      this.#onArrival({ socket, address, binding: null, welcomed });
      return;
    }
    // The first message of the client has arrived; TLSSocket also takes bytes that were already read.
    socket.once('readable', () =>
      this.#turns.add(peerAt(address), () => {
        if (socket.destroyed) return;
        const tls = new TLSSocket(socket, { isServer: true, secureContext });
        tls.on('error', () => socket.destroy());
        tls.once('secure', () => {
          this.#onArrival({ socket: tls, address, binding: channelBinding(tls), welcomed });
        });
      }),
    );
  }
}

/** Errors: REMOTE_CERTIFICATE. */
function secureContext({ key, cert }: { key: string; cert: string }): SecureContext {
  try {
    return createSecureContext({ key, cert, minVersion: tlsVersion });
  } catch (error) {
    throw new UmlmonError('REMOTE_CERTIFICATE', {
      place: 'tls_cert, tls_key',
      cause: `key and certificate cannot be used: ${error instanceof Error ? error.message : String(error)}`,
      hint: 'both must be in PEM form and belong together',
    });
  }
}
