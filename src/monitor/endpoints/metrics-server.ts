import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type ListenOptions, UnixListener } from '../../rpc/server/listen.ts';
import { peerOfUser } from '../../rpc/server/peer.ts';
import { descriptorOf } from '../../rpc/server/socket.ts';
import { monitorLimits, monitorShares } from '../../system/limits/limits.ts';
import { peerCredentials } from '../../system/native/native.ts';
import { FairTable } from '../../system/sharing/fair-table.ts';

const openMetrics = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** The owner of a metrics server. */
export interface MetricsSource {
  /** The metrics as they are now; does not reject. */
  metrics(): Promise<string>;
}

/**
 * Answers HTTP GET and HEAD on a Unix socket, one request per connection:
 * `curl --unix-socket PATH http://localhost/metrics`. Without requests it is idle.
 */
export class MetricsServer {
  readonly #listener: UnixListener;
  readonly #http: Server;
  readonly #source: MetricsSource;
  readonly #sockets = new FairTable<Socket>(monitorShares.metricsConnections, {
    atShare: 'replace',
    atFull: 'replace',
  });

  /** Errors: HOST_SYSTEM_CALL, RPC_SOCKET_PATH. */
  static async open(at: ListenOptions, source: MetricsSource): Promise<MetricsServer> {
    // Loaded on demand: most monitors serve no metrics, and the module takes memory.
    const { createServer } = await import('node:http');
    const http = createServer({ maxHeaderSize: monitorLimits.metricsRequest, keepAlive: false });
    http.setTimeout(monitorLimits.metricsTime, (socket) => socket.destroy());
    http.maxRequestsPerSocket = 1;
    return new MetricsServer(await UnixListener.open(at), http, source);
  }

  private constructor(listener: UnixListener, http: Server, source: MetricsSource) {
    this.#listener = listener;
    this.#http = http;
    this.#source = source;
    // Malformed, or longer than maxHeaderSize.
    http.on('clientError', (_, socket) =>
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'),
    );
    http.on('request', (request, response) => void this.#answer(request, response));
    listener.on('connection', (socket) => this.#admit(socket));
    // A temporary lack of descriptors: the client repeats its request.
    listener.on('error', () => undefined);
  }

  /** Whether the name of the socket file still leads to this server. */
  get isReachable(): boolean {
    return this.#listener.isReachable;
  }

  close(): void {
    this.#listener.close();
    for (const socket of [...this.#sockets]) socket.destroy();
  }

  /** Above the share of a user, the oldest connection of that user is closed: it has been silent for longest. */
  #admit(socket: Socket): void {
    socket.on('error', () => undefined);
    try {
      const { uid } = peerCredentials(descriptorOf(socket));
      const added = this.#sockets.add(peerOfUser(uid), socket);
      if ('victim' in added) added.victim?.destroy();
      if ('refused' in added) return void socket.destroy();
      socket.on('close', () => this.#sockets.delete(socket));
      this.#http.emit('connection', socket);
    } catch {
      // The client has disconnected already.
      socket.destroy();
    }
  }

  async #answer({ method, url }: IncomingMessage, response: ServerResponse): Promise<void> {
    response.shouldKeepAlive = false;
    if (method !== 'GET' && method !== 'HEAD')
      return void response.writeHead(405, { Allow: 'GET, HEAD' }).end();
    const isFound = url === '/' || url === '/metrics';
    const body = isFound ? await this.#source.metrics() : 'try /metrics\n';
    const headers = {
      'Content-Type': isFound ? openMetrics : 'text/plain',
      'Content-Length': Buffer.byteLength(body),
    };
    response.writeHead(isFound ? 200 : 404, headers).end(body);
  }
}
