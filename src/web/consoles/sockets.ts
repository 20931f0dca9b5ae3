import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { allVms, roleAt } from '../../rpc/auth/password-file.ts';
import { toFailure } from '../../system/errors/errors.ts';
import { webLimits, webShares } from '../../system/limits/limits.ts';
import type { Log } from '../../system/logs/log.ts';
import { refusalText, Shares } from '../../system/sharing/shares.ts';
import type { Api } from '../api.ts';
import type { MonitorConnections } from '../hosts/monitors.ts';
import { Refused, refused } from '../http/answer.ts';
import { checkOrigin, type Names } from '../http/origin.ts';
import type { RequestPath } from '../http/request-path.ts';
import { identityAt } from '../identity.ts';
import type { Session } from '../login/sessions.ts';
import { Hub } from '../vms/hub.ts';
import type { ConsoleMessage } from '../wire.ts';
import { ConsoleBridge } from './console-bridge.ts';
import { addViewer, type ConsoleRequested } from './console-viewer.ts';
import { Typists } from './typed-input.ts';

/** A request that wants to be a websocket. */
interface Upgrade extends RequestPath {
  readonly request: IncomingMessage;
  /** Of the browser. */
  readonly address: string;
  readonly names: Names;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** The websockets of the pages: `live` shows the VMs, `console` is a console of one. */
export class Sockets {
  readonly #api: Api;
  readonly #monitors: MonitorConnections;
  readonly #log: Log;
  readonly #hub: Hub;
  readonly #typists = new Typists();
  readonly #shares = new Shares(webShares.sockets);
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: webLimits.frameBytes,
    perMessageDeflate: false,
  });
  /** Sockets that have not answered the last ping. */
  readonly #silent = new Set<WebSocket>();
  #pings: NodeJS.Timeout | undefined;

  constructor(api: Api, monitors: MonitorConnections, log: Log) {
    this.#api = api;
    this.#monitors = monitors;
    this.#log = log;
    this.#hub = new Hub(monitors);
  }

  close(): void {
    clearInterval(this.#pings);
    for (const socket of this.#server.clients) socket.terminate();
    this.#hub.close();
  }

  /** Makes a websocket of a request. Errors: Refused. */
  accept({ request, address, names, socket, head, ...path }: Upgrade): void {
    const { headers } = request;
    checkOrigin(headers, names, 'open a WebSocket');
    const session = this.#api.sessionOf(request);
    const serve = this.#servant(session, address, path);
    if (session.sockets >= webLimits.socketsOfSession)
      throw refused(429, 'websocket', `the session already has ${session.sockets} WebSockets`);
    const refusal = this.#shares.check(session.atAddress);
    if (refusal) throw refused(429, 'websocket', refusalText(refusal, 'WebSockets'), 'close some pages');
    this.#server.handleUpgrade(request, socket, head, (opened) => {
      if (this.#keep(opened, session)) serve(opened);
    });
  }

  /** Answers an upgrade with a refusal (RFC 9110 section 15). */
  refuse(socket: Duplex, error: unknown): void {
    const status = error instanceof Refused ? error.status : 500;
    socket.on('error', () => undefined);
    // The client may keep its half open without limit.
    socket.once('finish', () => socket.destroy());
    socket.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
    );
  }

  /** The handler of the WebSocket. Errors: Refused. */
  #servant(session: Session, address: string, { name, query }: RequestPath): (socket: WebSocket) => void {
    if (name === 'live') return (socket) => this.#showVms(session, socket);
    if (name !== 'console') throw refused(404, name.slice(0, 100), 'the WebSocket does not exist');
    const vm = query.get('vm') ?? '';
    const [channel, page] = [query.get('channel') ?? '', query.get('page') ?? ''];
    const identity = identityAt(session, vm, address);
    if (!/^[a-z]{3}\d{1,3}$/.test(channel) || !/^[\w-]{8,64}$/.test(page))
      throw refused(400, 'console', 'a parameter is missing or malformed: channel or page');
    if (!this.#monitors.mayHave(vm)) throw refused(404, vm, 'the VM does not exist');
    const [monitor, offset] = [query.get('monitor'), Number(query.get('offset'))];
    const from = monitor && Number.isSafeInteger(offset) && offset >= 0 ? { monitor, offset } : undefined;
    const connect = () => this.#monitors.connect(vm, identity);
    const wanted = { connect, channel, ...(from ? { from } : {}) };
    return (socket) => void this.#bridge(socket, wanted, session, [session.id, vm, channel, page].join(' '));
  }

  async #bridge(
    socket: WebSocket,
    wanted: ConsoleRequested,
    { itself }: Session,
    page: string,
  ): Promise<void> {
    try {
      const typist = await this.#typists.take(page, itself);
      const viewer = await addViewer(wanted, typist);
      if (socket.readyState === socket.OPEN) new ConsoleBridge(socket, viewer, typist);
      else viewer.client.close();
    } catch (error) {
      const message: ConsoleMessage = {
        kind: 'failed',
        why: error instanceof Refused ? error.why : toFailure(error),
      };
      socket.send(JSON.stringify(message));
      socket.close();
    }
  }

  #showVms({ grants }: Session, socket: WebSocket): void {
    const leave = this.#hub.add({
      maySee: (vm) => roleAt(grants, vm) !== null,
      seesAll: roleAt(grants, allVms) !== null,
      send: (text) => {
        if (socket.bufferedAmount < webLimits.unsentBytes) socket.send(text);
      },
    });
    socket.on('message', () => socket.close(1008, 'no messages are expected'));
    socket.once('close', leave);
  }

  /** Ends a socket with its session, when its network is gone, and when it sends too much. */
  #keep(socket: WebSocket, session: Session): boolean {
    const release = this.#shares.take(session.atAddress);
    if (typeof release !== 'function') {
      socket.close(1013, refusalText(release, 'websockets'));
      return false;
    }
    session.sockets += 1;
    const end = () => socket.close(4401, 'the session has expired');
    session.ended.signal.addEventListener('abort', end);
    socket.on('error', (error) =>
      this.#log.warn({ refused: 'frame' }, `a WebSocket failed: ${error.message}`),
    );
    socket.on('pong', () => this.#silent.delete(socket));
    socket.once('close', () => {
      session.sockets -= 1;
      release();
      session.used = performance.now();
      session.ended.signal.removeEventListener('abort', end);
      this.#silent.delete(socket);
      if (this.#server.clients.size > 0) return;
      clearInterval(this.#pings);
      this.#pings = undefined;
    });
    this.#pings ??= setInterval(() => this.#ping(), webLimits.pingTime);
    return true;
  }

  #ping(): void {
    try {
      this.#api.checkSessions();
    } catch (error) {
      this.#log.error(toFailure(error), 'cannot check whether passwords have changed');
    }
    for (const socket of this.#server.clients) {
      if (this.#silent.has(socket)) {
        socket.terminate();
        continue;
      }
      this.#silent.add(socket);
      socket.ping();
    }
  }
}
