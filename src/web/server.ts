import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, Server as TlsServer } from 'node:https';
import type { WebListen, WebUrl } from '../config/keys/web-keys.ts';
import { Gate } from '../rpc/server/gate.ts';
import { peerAt } from '../rpc/server/peer.ts';
import { toFailure, UmlmonError } from '../system/errors/errors.ts';
import { isLoopback } from '../system/ip-address.ts';
import { webLimits, webShares } from '../system/limits/limits.ts';
import type { Log } from '../system/logs/log.ts';
import type { SecurityLog } from '../system/logs/security-log.ts';
import { Api } from './api.ts';
import { Sockets } from './consoles/sockets.ts';
import type { MonitorConnections } from './hosts/monitors.ts';
import { Refused, refused, sendJson, statusOf } from './http/answer.ts';
import type { Assets } from './http/assets.ts';
import { isOurHost, type Names, pageText, pathBelow } from './http/origin.ts';
import { RefusalLog } from './http/refusal-log.ts';
import type { RequestPath } from './http/request-path.ts';
import { addressOf } from './login/login.ts';

/** Both PEM. */
export interface Tls {
  readonly cert: Buffer;
  readonly key: Buffer;
}

export interface WebOptions {
  readonly listen: WebListen | { readonly fd: number };
  readonly url: WebUrl | undefined;
  /** Plain HTTP without. */
  readonly tls: Tls | undefined;
  readonly assets: Assets;
  readonly monitors: MonitorConnections;
  readonly log: Log;
  readonly security: SecurityLog;
}

/** umlweb towards browsers: files of the pages, the API, and the websockets. */
export class WebServer {
  readonly #server: Server;
  readonly #options: WebOptions;
  readonly #api: Api;
  readonly #sockets: Sockets;
  readonly #refusals: RefusalLog;
  readonly #gate: Gate;
  #names: Names;

  /** Takes calls when it resolves. Errors: WEB_LISTEN, WEB_TLS. */
  static async open(options: WebOptions): Promise<WebServer> {
    const server = new WebServer(options);
    await server.#api.prepare();
    await server.#listen();
    return server;
  }

  private constructor(options: WebOptions) {
    this.#options = options;
    const { tls, monitors, log, security, url } = options;
    this.#refusals = new RefusalLog(log);
    this.#names = { scheme: tls ? 'https' : 'http', listen: { address: '', port: 0 }, url };
    this.#api = new Api({ monitors, log, security, url, isSecure: tls !== undefined });
    this.#sockets = new Sockets(this.#api, monitors, log);
    this.#server = newServer(tls);
    this.#gate = new Gate({
      bounds: webShares.connections,
      onClosed: (count) => log.warn({ count }, 'too many connections: some were closed'),
      // A proxy on this host brings those of all: it has no share.
      peerOf: ({ remoteAddress = '' }) => {
        const peer = peerAt(remoteAddress);
        return url !== undefined && isLoopback(remoteAddress) ? { ...peer, isOwner: true } : peer;
      },
    });
    this.#server.on('connection', (socket) => this.#gate.admit(socket));
    this.#server.on('request', (request, response) => void this.#answer(request, response));
    this.#server.on('upgrade', (request, socket, head) => {
      const address = this.#addressOf(request);
      try {
        const path = this.#pathOf(request);
        this.#sockets.accept({ request, address, names: this.#names, socket, head, ...path });
      } catch (error) {
        this.#sayRefusal(request, address, error);
        this.#sockets.refuse(socket, error);
      }
    });
  }

  /** `http://127.0.0.1:8470/` */
  get address(): string {
    const { scheme, listen } = this.#names;
    const host = listen.address.includes(':') ? `[${listen.address}]` : listen.address;
    return `${scheme}://${host}:${listen.port}/`;
  }

  /** For connections that are made from now on. Errors: WEB_TLS. */
  renewTls(tls: Tls): void {
    const server = this.#server;
    if (server instanceof TlsServer) usable(() => server.setSecureContext(tls));
  }

  async close(): Promise<void> {
    this.#api.close();
    this.#sockets.close();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    this.#gate.close();
    await closed;
  }

  async #listen(): Promise<void> {
    const { listen } = this.#options;
    const place = 'fd' in listen ? `descriptor ${listen.fd}` : `${listen.address}:${listen.port}`;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) =>
        reject(
          new UmlmonError('WEB_LISTEN', { place, cause: error.message, hint: 'see web_listen in umlmon(5)' }),
        ),
      );
      const to = 'fd' in listen ? listen : { host: listen.address, port: listen.port };
      this.#server.listen(to, resolve);
    });
    // Too many descriptors, for a moment: who called calls again.
    this.#server.on('error', (error) =>
      this.#options.log.warn(toFailure(error), 'cannot accept a connection'),
    );
    const at = this.#server.address();
    // A Unix socket that the service manager has passed has no address: browsers come through a proxy, by web_url.
    if (typeof at === 'object' && at !== null) this.#names = { ...this.#names, listen: at };
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => undefined);
    // Gone with the connection.
    const address = this.#addressOf(request);
    try {
      const { assets } = this.#options;
      const path = this.#pathOf(request);
      if (!assets.has(path.name))
        await this.#api.answer({ request, response, address, ...path }, this.#names);
      else if (request.method !== 'GET' && request.method !== 'HEAD')
        throw refused(405, path.name, `method ${request.method} is not allowed`, '', { Allow: 'GET, HEAD' });
      else assets.send(path.name, randomBytes(16).toString('base64url'), request, response);
    } catch (error) {
      this.#sayRefusal(request, address, error);
      if (response.headersSent) response.destroy();
      else if (error instanceof Refused) sendJson(response, error.status, error.why, error.headers);
      else sendJson(response, statusOf(error), toFailure(error));
    }
  }

  /** What is asked for, below our base. Errors: Refused 400, 421. */
  #pathOf(request: IncomingMessage): RequestPath {
    const { host } = request.headers;
    if (!isOurHost(host, this.#names))
      throw refused(
        421,
        'Host',
        'the Host header does not name this server',
        this.#options.url
          ? `open ${pageText(this.#options.url)}`
          : 'set web_url (umlmon(5)) to the URL that browsers open',
      );
    const target = request.url ?? '';
    // Not relative to a base: `//name/path` is a path here, and no other host.
    const whole = `http://host${target}`;
    if (!target.startsWith('/') || !URL.canParse(whole)) throw refused(400, 'request', 'not a path');
    const { pathname, searchParams } = new URL(whole);
    return { name: pathBelow(pathname, this.#options.url), query: searchParams };
  }

  #addressOf(request: IncomingMessage): string {
    return addressOf(request, this.#options.url !== undefined);
  }

  #sayRefusal(request: IncomingMessage, address: string, error: unknown): void {
    const status = error instanceof Refused ? error.status : statusOf(error);
    const why = error instanceof Refused ? error.why : toFailure(error);
    const isRefusal = error instanceof Refused ? status !== 404 : status === 403;
    const { method, url = '' } = request;
    // Pages request resources of a stopped VM that do not exist; only forbidden requests are logged.
    if (isRefusal) {
      this.#refusals.add({ refused: status, address, method, path: url.slice(0, 200), ...why }, 'refused');
      const isLogin = why.place === 'login';
      this.#options.security.record({
        kind: isLogin ? 'login-refused' : 'refused',
        who: 'browser',
        from: address,
        what: isLogin ? why.cause : `${method} ${url.split('?', 1)[0]}: ${why.cause}`,
        result: why.code,
        peer: peerAt(address).key,
      });
    } else if (status === 500) this.#options.log.error(toFailure(error), 'internal error in a response');
  }
}

function newServer(tls: Tls | undefined): Server {
  const limits = {
    maxHeaderSize: webLimits.headerBytes,
    headersTimeout: webLimits.headerTime,
    requestTimeout: webLimits.requestTime,
    connectionsCheckingInterval: webLimits.slowCheck,
  };
  if (!tls) return createServer(limits);
  return usable(() => createTlsServer({ ...limits, ...tls, minVersion: 'TLSv1.2' }));
}

/** Errors: WEB_TLS. */
function usable<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new UmlmonError('WEB_TLS', {
      place: 'web_tls_cert, web_tls_key',
      cause: error instanceof Error ? error.message : String(error),
      hint: 'give two PEM files: a certificate, and the key that belongs to it',
    });
  }
}
