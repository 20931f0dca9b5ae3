import type { Socket } from 'node:net';
import { type ListenOptions, UnixListener } from '../../rpc/server/listen.ts';
import { peerOfUser } from '../../rpc/server/peer.ts';
import { descriptorOf } from '../../rpc/server/socket.ts';
import { monitorLimits, monitorShares } from '../../system/limits/limits.ts';
import { peerCredentials } from '../../system/native/native.ts';
import { FairTable } from '../../system/sharing/fair-table.ts';

const type = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/**
 * Answers HTTP GET and HEAD on a Unix socket, one request per connection (RFC 9112, as much of it as a scraper needs):
 * `curl --unix-socket PATH http://localhost/metrics`. Nothing happens while nobody asks.
 */
export class MetricsServer {
  readonly #listener: UnixListener;
  readonly #sockets = new FairTable<Socket>(monitorShares.metricsConnections, {
    atShare: 'replace',
    atFull: 'replace',
  });
  readonly #text: () => Promise<string>;

  /** `text` is asked for each request; it does not reject. Errors: HOST_SYSTEM_CALL, RPC_SOCKET_PATH. */
  static async open(at: ListenOptions, text: () => Promise<string>): Promise<MetricsServer> {
    return new MetricsServer(await UnixListener.open(at), text);
  }

  private constructor(listener: UnixListener, text: () => Promise<string>) {
    this.#listener = listener;
    this.#text = text;
    listener.on('connection', (socket) => this.#admit(socket));
    // Too many descriptors, for a moment: who asked asks again.
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

  /** Of a user with too many, the oldest is cut off: it has said nothing for longest. */
  #admit(socket: Socket): void {
    socket.on('error', () => undefined);
    try {
      const { uid } = peerCredentials(descriptorOf(socket));
      const added = this.#sockets.add(peerOfUser(uid), socket);
      if ('victim' in added) added.victim?.destroy();
      if ('refused' in added) socket.destroy();
      else this.#serve(socket);
    } catch {
      // It has gone already.
      socket.destroy();
    }
  }

  #serve(socket: Socket): void {
    let head = '';
    socket.setTimeout(monitorLimits.metricsTime, () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
    const take = (bytes: Buffer) => {
      head += bytes.toString('latin1');
      const isComplete = /\r?\n\r?\n/.test(head);
      if (!isComplete && head.length < monitorLimits.metricsRequest) return;
      socket.off('data', take);
      socket.resume();
      void this.#answer(socket, isComplete ? head : '');
    };
    socket.on('data', take);
  }

  async #answer(socket: Socket, head: string): Promise<void> {
    const [, method, path] = /^(GET|HEAD) (\S{1,200}) HTTP\/1\.[01]\r?\n/.exec(head) ?? [];
    const isFound = path === '/' || path === '/metrics';
    const [status, body] = !method
      ? ['400 Bad Request', '']
      : isFound
        ? ['200 OK', await this.#text()]
        : ['404 Not Found', 'try /metrics\n'];
    const fields = [
      `Content-Type: ${isFound ? type : 'text/plain'}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
    ];
    const lines = [`HTTP/1.1 ${status}`, ...fields, 'Connection: close', '', ''];
    socket.end(lines.join('\r\n') + (method === 'HEAD' ? '' : body));
  }
}
