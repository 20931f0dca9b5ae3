import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { WebUrl } from '../config/keys/web-keys.ts';
import { webShares } from '../system/limits/limits.ts';
import type { Log } from '../system/logs/log.ts';
import type { SecurityLog } from '../system/logs/security-log.ts';
import { refusalText, Shares } from '../system/sharing/shares.ts';
import { version } from '../system/version.ts';
import type { MonitorConnections } from './hosts/monitors.ts';
import { readJson, refused, sendJson, statusOf } from './http/answer.ts';
import type { AnswerOrLate } from './http/late-answers.ts';
import { checkOrigin, type Names } from './http/origin.ts';
import type { RequestPath } from './http/request-path.ts';
import { identityAt } from './identity.ts';
import { type PasswordPlace, WebLogin } from './login/login.ts';
import { PasswordReaders } from './login/password-readers.ts';
import { type Session, sessionCookie, sessionIdOf, WebSessions } from './login/sessions.ts';
import { vmActions } from './vms/vm-actions.ts';
import { vmPages } from './vms/vm-pages.ts';
import type { WireSession } from './wire.ts';

interface ApiOptions {
  readonly monitors: MonitorConnections;
  readonly log: Log;
  readonly security: Pick<SecurityLog, 'record'>;
  readonly url: WebUrl | undefined;
  /** Whether umlweb itself serves https. */
  readonly isSecure: boolean;
}

interface ApiCall extends RequestPath {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Of the browser. */
  readonly address: string;
}

/** What the pages ask umlweb for, as JSON: `api/…`. Everything but a login needs a session. */
export class Api {
  readonly #options: ApiOptions;
  readonly #sessions = new WebSessions();
  readonly #login: WebLogin;
  readonly #readers = new PasswordReaders();
  readonly #calls = new Shares(webShares.calls);

  constructor(options: ApiOptions) {
    this.#options = options;
    this.#login = new WebLogin(this.#sessions, () => this.#passwordPlace());
  }

  /** Before the first request. */
  async prepare(): Promise<void> {
    await this.#readers.prepare(this.#options.monitors.global().web_user);
  }

  /** Ends all sessions. */
  close(): void {
    this.#sessions.close();
  }

  /** Errors: Refused, and what monitors answer. */
  async answer(call: ApiCall, names: Names): Promise<void> {
    const { request, response, name } = call;
    const { method = '' } = request;
    const [, vm, word] = /^api\/vms\/([\w.-]{1,64}(?:@[^/\s]{1,253})?)\/([a-z-]{1,32})$/.exec(name) ?? [];
    const [, late] = /^api\/late\/(\d{1,15})$/.exec(name) ?? [];
    const isKnown = name === 'api/session' || late !== undefined || (vm !== undefined && word !== undefined);
    if (!isKnown) throw refused(404, 'request', 'the page does not exist');
    // Browsers send it with every request that changes something, and with those of pages of other hosts.
    const { headers } = request;
    if (method !== 'GET' || headers.origin !== undefined) checkOrigin(headers, names, 'do that');
    if (name === 'api/session' && method === 'POST') return this.#enter(call);
    const session = this.sessionOf(request);
    if (method !== 'GET') checkToken(request, session);
    if (vm !== undefined && word !== undefined) {
      if (method === 'GET') return this.#shared(session, () => this.#readVm(session, vm, word, call));
      if (method === 'POST') return this.#shared(session, () => this.#changeVm(session, vm, word, call));
    } else if (late !== undefined && method === 'GET')
      return this.#shared(session, async () => sendAwaited(response, await session.late.again(Number(late))));
    else if (late === undefined && method === 'GET') return sendJson(response, 200, wireOf(session));
    else if (late === undefined && method === 'DELETE') return this.#leave(session, response);
    throw refused(405, name, `method ${method} is not allowed`);
  }

  /** Where the passwords are, and the group that may read them besides root. */
  #passwordPlace(): PasswordPlace {
    const { vardir, web_user } = this.#options.monitors.global();
    return { varDir: vardir, readers: this.#readers.groupOf(web_user) };
  }

  /** Ends the sessions whose passwords are not good any more. Errors: PASSWORD_FILE. */
  checkSessions(): void {
    this.#login.checkSessions();
  }

  /** Errors: Refused 401, PASSWORD_FILE. */
  sessionOf(request: IncomingMessage): Session {
    this.checkSessions();
    const session = this.#sessions.find(sessionIdOf(request.headers.cookie));
    if (!session) throw refused(401, 'session', 'not logged in');
    return session;
  }

  /** Errors: Refused 429. */
  async #shared({ itself }: Session, work: () => Promise<void>): Promise<void> {
    const release = this.#calls.take(itself);
    if (typeof release !== 'function')
      throw refused(
        429,
        'session',
        refusalText(release, 'requests in progress'),
        'wait for a response, then try again',
      );
    await work().finally(release);
  }

  async #enter({ request, response, address }: ApiCall): Promise<void> {
    const { password } = await readJson(request);
    const session = await this.#login.enter(password, address);
    const { log, security } = this.#options;
    log.info({ address, grants: session.grants }, 'logged in');
    const what = session.grants.map(({ vm, role }) => `${role} of ${vm}`).join(', ');
    security.record({ kind: 'login', who: 'browser', from: address, what, result: 'ok' });
    sendJson(response, 200, wireOf(session), { 'Set-Cookie': this.#cookie(session.id) });
  }

  #leave(session: Session, response: ServerResponse): void {
    this.#sessions.end(session);
    sendJson(response, 200, {}, { 'Set-Cookie': this.#cookie('') });
  }

  #cookie(id: string): string {
    const { url, isSecure } = this.#options;
    return sessionCookie(id, url?.path ?? '/', url ? url.origin.scheme === 'https' : isSecure);
  }

  async #readVm(
    session: Session,
    vm: string,
    word: string,
    { query, response, address }: ApiCall,
  ): Promise<void> {
    const page = Object.hasOwn(vmPages, word) ? vmPages[word] : undefined;
    if (!page) throw refused(404, word, 'the page does not exist');
    const identity = identityAt(session, vm, address);
    const { monitors } = this.#options;
    sendJson(response, 200, await monitors.with(vm, identity, (client) => page(client, query)));
  }

  /** Answers when it is done, or takes long: then the page asks again, by `late`, for what becomes of it. */
  async #changeVm(
    session: Session,
    vm: string,
    word: string,
    { request, response, address }: ApiCall,
  ): Promise<void> {
    const action = Object.hasOwn(vmActions, word) ? vmActions[word] : undefined;
    if (!action) throw refused(404, word, 'the action does not exist');
    const identity = identityAt(session, vm, address);
    request.resume();
    const { monitors, log } = this.#options;
    log.info({ vm, action: word, address, role: identity.role }, 'action requested');
    const done = monitors.with(vm, identity, action);
    done.catch((error: unknown) => log.warn({ vm, action: word, status: statusOf(error) }, String(error)));
    sendAwaited(response, await session.late.take(done));
  }
}

/** Checks the token that pages of umlweb have from `api/session`; no other page can read it. */
function checkToken({ headers }: IncomingMessage, { token }: Session): void {
  const given = Buffer.from(String(headers['x-umlweb-token'] ?? ''));
  const wanted = Buffer.from(token);
  if (given.length === wanted.length && timingSafeEqual(given, wanted)) return;
  throw refused(403, 'x-umlweb-token', 'the request lacks the token of its session', 'reload the page');
}

/** Status 202: not yet. */
function sendAwaited(response: ServerResponse, awaited: AnswerOrLate): void {
  sendJson(response, 'text' in awaited ? 200 : 202, awaited);
}

function wireOf({ grants, token }: Session): WireSession {
  return { grants, token, version };
}
