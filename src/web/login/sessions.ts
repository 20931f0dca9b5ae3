import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { Grant } from '../../rpc/auth/password-file.ts';
import { peerAt } from '../../rpc/server/peer.ts';
import { webLimits, webShares } from '../../system/limits/limits.ts';
import { FairTable } from '../../system/sharing/fair-table.ts';
import type { SharePeer } from '../../system/sharing/shares.ts';
import { LateAnswers } from '../http/late-answers.ts';

/** A logged-in user. */
export interface Session {
  /** The value of the cookie. */
  readonly id: string;
  readonly grants: readonly Grant[];
  /** See markOf: gone from the password file, they end the session. */
  readonly marks: readonly string[];
  /** Shares of the client address and of the session itself in the common limits. The keys are not secret. */
  readonly atAddress: SharePeer;
  readonly itself: SharePeer;
  /** Known only to pages of umlweb, since no other page can read its responses. */
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly began: number;
  used: number;
  /** Open websockets. */
  sockets: number;
  readonly late: LateAnswers;
  /** Aborted when the session ends. */
  readonly ended: AbortController;
}

/** All sessions: few, of limited age, gone with umlweb. */
export class WebSessions {
  readonly #byId = new Map<string, Session>();
  readonly #shares = new FairTable<Session>(webShares.sessions, { atShare: 'replace', atFull: 'replace' });
  #last = 0;

  /** Of an address that has its share, or of the one that has most when all are taken, the least used one ends. */
  /** @param marks of the passwords that it was opened with */
  open(
    grants: readonly Grant[],
    address: string,
    now = performance.now(),
    marks: readonly string[] = [],
  ): Session {
    this.#dropOld(now);
    this.#last += 1;
    const ended = new AbortController();
    // Each websocket listens.
    setMaxListeners(webLimits.socketsOfSession, ended.signal);
    const session: Session = {
      id: randomBytes(32).toString('base64url'),
      grants,
      marks,
      atAddress: peerAt(address),
      itself: { key: `session:${this.#last}`, isOwner: false },
      token: randomBytes(32).toString('base64url'),
      began: now,
      used: now,
      sockets: 0,
      late: new LateAnswers(),
      ended,
    };
    this.#byId.set(session.id, session);
    const added = this.#shares.add(session.atAddress, session);
    if ('victim' in added && added.victim) this.end(added.victim);
    return session;
  }

  /** The session of a cookie, which is used by that. */
  find(id: string | undefined, now = performance.now()): Session | undefined {
    this.#dropOld(now);
    const session = id === undefined ? undefined : this.#byId.get(id);
    if (!session) return undefined;
    session.used = now;
    this.#shares.touch(session);
    return session;
  }

  end(session: Session): void {
    this.#byId.delete(session.id);
    this.#shares.delete(session);
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
