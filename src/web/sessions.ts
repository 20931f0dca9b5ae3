import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { Grant } from '../rpc/password-file.ts';
import { webLimits } from '../system/limits.ts';

/** Somebody who has logged in. */
export interface Session {
  /** What the cookie says. */
  readonly id: string;
  readonly grants: readonly Grant[];
  /** Known to pages of ours only, since no other page can read our answers. */
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly began: number;
  used: number;
  /** Open websockets. */
  sockets: number;
  /** Aborted when the session ends. */
  readonly ended: AbortController;
}

/** All sessions: few, of limited age, gone with umlweb. */
export class Sessions {
  readonly #byId = new Map<string, Session>();

  open(grants: readonly Grant[], now = Date.now()): Session {
    this.#dropOld(now);
    if (this.#byId.size >= webLimits.sessions) this.#dropLeastUsed();
    const ended = new AbortController();
    // Each websocket listens.
    setMaxListeners(webLimits.socketsOfSession, ended.signal);
    const session: Session = {
      id: randomBytes(32).toString('base64url'),
      grants,
      token: randomBytes(32).toString('base64url'),
      began: now,
      used: now,
      sockets: 0,
      ended,
    };
    this.#byId.set(session.id, session);
    return session;
  }

  /** The session of a cookie, which is used by that. */
  find(id: string | undefined, now = Date.now()): Session | undefined {
    this.#dropOld(now);
    const session = id === undefined ? undefined : this.#byId.get(id);
    if (session) session.used = now;
    return session;
  }

  end(session: Session): void {
    this.#byId.delete(session.id);
    session.ended.abort();
  }

  close(): void {
    for (const session of [...this.#byId.values()]) this.end(session);
  }

  /** Ends the sessions of which `isGood` does not hold any more. */
  keepOnly(isGood: (session: Session) => boolean): void {
    for (const session of [...this.#byId.values()]) if (!isGood(session)) this.end(session);
  }

  #dropOld(now: number): void {
    this.keepOnly(({ began, used, sockets }) => {
      const idle = sockets > 0 ? 0 : now - used;
      return now - began <= webLimits.sessionTime && idle <= webLimits.sessionIdle;
    });
  }

  #dropLeastUsed(): void {
    const [least] = [...this.#byId.values()].sort((one, other) => one.used - other.used);
    if (least) this.end(least);
  }
}

const cookieName = 'umlweb';

/** The session id in a `Cookie` header. */
export function sessionIdOf(cookies: string | undefined): string | undefined {
  return new RegExp(`(?:^|; *)${cookieName}=([\\w-]{43})(?:;|$)`).exec(cookies ?? '')?.[1];
}

/** The value of `Set-Cookie` (RFC 6265bis); an empty id takes the cookie back. */
export function sessionCookie(id: string, path: string, isSecure: boolean): string {
  const age = id === '' ? 0 : Math.floor(webLimits.sessionTime / 1000);
  const secure = isSecure ? '; Secure' : '';
  return `${cookieName}=${id}; Path=${path}; Max-Age=${age}; HttpOnly; SameSite=Strict${secure}`;
}
