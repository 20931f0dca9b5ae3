import type { IncomingMessage } from 'node:http';
import { networkOf } from '../../rpc/address.ts';
import { type Grant, grantsOf, markOf, type Passwords, readPasswords } from '../../rpc/auth/password-file.ts';
import { Throttle } from '../../rpc/auth/throttle.ts';
import { peerAt } from '../../rpc/server/peer.ts';
import { isLoopback, readIp } from '../../system/ip-address.ts';
import { webLimits, webShares } from '../../system/limits/limits.ts';
import { FairTurns, OverShare } from '../../system/sharing/fair-scheduler.ts';
import { type Refused, refused } from '../http/answer.ts';
import type { Session, WebSessions } from './sessions.ts';

const throttleLimits = {
  free: webLimits.loginTries + 1,
  first: webLimits.loginFirstWait,
  most: webLimits.loginWait,
  memory: webLimits.loginWait,
  names: webLimits.loginKeys,
};

/** Where the passwords are, and the group that may read them. */
export interface PasswordPlace {
  readonly varDir: string;
  readonly readers: number | undefined;
}

/** Who may log in: users who know a password of VARDIR/.passwords. */
export class WebLogin {
  readonly #sessions: WebSessions;
  readonly #throttle = new Throttle(throttleLimits);
  readonly #place: () => PasswordPlace;
  readonly #turns = new FairTurns(webLimits.loginsAtOnce, webShares.loginsWaiting);

  constructor(sessions: WebSessions, place: () => PasswordPlace) {
    this.#sessions = sessions;
    this.#place = place;
  }

  /** Errors: Refused 401 (wrong), 403 (there are no passwords), 429 (too many tries); PASSWORD_FILE. */
  async enter(password: unknown, address: string): Promise<Session> {
    const network = networkOf(address);
    const wait = this.#throttle.waitOf(network, performance.now());
    if (wait > 0) throw tooMany(wait);
    const passwords = this.#read();
    if (!passwords || passwords.list.length === 0)
      throw refused(403, 'login', 'no password is set', 'set one on the host: umladmin password');
    // Counted before it is checked, so that parallel attempts cannot exceed the limit.
    this.#throttle.failed(network, performance.now());
    const grants = await this.#turns
      .take(peerAt(address), () => check(passwords, password))
      .catch((error: unknown) => {
        throw error instanceof OverShare ? tooMany(0) : error;
      });
    if (grants.length === 0) throw refused(401, 'login', 'wrong password');
    this.#throttle.succeeded(network);
    // A password that was changed after the check gives no session.
    const isGranted = ({ vm, role }: Grant) => grants.some((one) => one.vm === vm && one.role === role);
    return this.#sessions.open(
      grants,
      address,
      performance.now(),
      passwords.list.filter(isGranted).map(markOf),
    );
  }

  /** Ends sessions whose passwords were removed or changed since. Errors: PASSWORD_FILE. */
  checkSessions(): void {
    const marks = new Set(this.#read()?.list.map(markOf));
    this.#sessions.keepOnly((session: Session) => session.marks.every((mark) => marks.has(mark)));
  }

  #read(): Passwords | undefined {
    const { varDir, readers } = this.#place();
    return readPasswords(varDir, readers);
  }
}

async function check(passwords: Passwords, password: unknown) {
  if (typeof password !== 'string' || Buffer.byteLength(password) > webLimits.passwordBytes) return [];
  return grantsOf(passwords, password);
}

function tooMany(waitMs: number): Refused {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  return refused(429, 'login', 'too many failed logins', `try again in ${seconds} s`, {
    'Retry-After': String(seconds),
  });
}

/**
 * The address of the browser, as `readIp` has it, or `unknown`. A proxy on this host forwards the address of its client.
 * If that is an address, with a port or not, it counts; otherwise the request is the proxy's own.
 */
export function addressOf(
  {
    socket,
    headers,
  }: Pick<IncomingMessage, 'headers'> & { readonly socket: { readonly remoteAddress?: string | undefined } },
  hasProxy: boolean,
): string {
  const peer = readIp(socket.remoteAddress ?? '')?.text ?? 'unknown';
  if (!hasProxy || !isLoopback(peer)) return peer;
  const forwarded = String(headers['x-forwarded-for'] ?? '')
    .split(',')
    .at(-1)
    ?.trim();
  const [, bracketed, plain] = /^(?:\[(.*)\](?::\d+)?|([\d.]+):\d+)$/.exec(forwarded ?? '') ?? [];
  return readIp(bracketed ?? plain ?? forwarded ?? '')?.text ?? peer;
}
