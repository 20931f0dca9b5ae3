import { randomBytes } from 'node:crypto';
import { networkOf } from '../../rpc/address.ts';
import { type Password, passwordsFor, readPasswords } from '../../rpc/auth/password-file.ts';
import { beginServer, finishServer, ScramError, type ServerExchange } from '../../rpc/auth/scram.ts';
import { Throttle } from '../../rpc/auth/throttle.ts';
import type { Caller, Remote } from '../../rpc/codec/program.ts';
import { highestRole, isRole, type Role } from '../../rpc/roles.ts';
import { type Known, peerOf } from '../../rpc/server/peer.ts';
import type { ActForArgs, AuthStep } from '../../rpc/umlmonctrl.gen.ts';
import { toFailure, UmlmonError } from '../../system/errors/errors.ts';
import { remoteLimits } from '../../system/limits/limits.ts';
import type { SecurityLog, SecurityRecord } from '../../system/logs/security-log.ts';
import type { EventLog } from '../events/event-log.ts';
import { behalfOf, behalfText, refusal } from './act-for.ts';
import type { Callers } from './guard.ts';
import { type LocalUsers, localCeiling, localRole } from './local-role.ts';
import { LoginReport } from './login-report.ts';
import { Newcomers } from './newcomers.ts';

export interface SessionParts {
  readonly vm: string;
  /** Where the file of the passwords is. */
  readonly varDir: string;
  /** The group that may read it too: that of umlweb. */
  readonly readers?: number | undefined;
  readonly events: Pick<EventLog, 'publish'>;
  readonly security: Pick<SecurityLog, 'record'>;
  readonly users: LocalUsers;
}

/** A connection over TCP between the two messages of its client; later only its role is left. */
interface Session {
  exchange?: ServerExchange;
  passwords?: readonly Password[];
  role: Role | null;
}

const { free, first, most, memory, names } = {
  free: remoteLimits.freeFailures,
  first: remoteLimits.backOffFirst,
  most: remoteLimits.backOffMost,
  memory: remoteLimits.throttleMemory,
  names: remoteLimits.throttleNames,
};
const nonceBytes = 18;

/** Who the clients of a monitor are, and what they may do. A session ends with its connection. */
export class ControlSessions implements Callers {
  readonly #parts: SessionParts;
  readonly #sessions = new Map<number, Session>();
  readonly #addresses = new Throttle({ free, first, most, memory, names });
  readonly #account = new Throttle({ free: remoteLimits.freeFailuresInAll, first, most, memory, names: 1 });
  readonly #newcomers = new Newcomers();
  /** Networks with a login, in the order of their last login. */
  readonly #known = new Set<string>();
  readonly #report: LoginReport;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#report = new LoginReport(parts.events);
  }

  /** Null for a client over TCP without a login, and for local users without a role. */
  roleOf(caller: Caller): Role | null {
    const { remote, behalf } = caller;
    // It was lowered to what its proxy may do.
    if (behalf) return isRole(behalf.role) ? behalf.role : null;
    if (remote) return this.#sessions.get(caller.id)?.role ?? null;
    return localRole(caller, this.#parts.users);
  }

  /**
   * The name of a client in events and exit records: the uid that the kernel reports, or role and address. For a client
   * of a proxy, the user that the proxy reports, and the name of the proxy.
   */
  nameOf(caller: Caller): string {
    if (caller.behalf) return behalfText(caller.behalf);
    if (!caller.remote) return `uid ${caller.uid}`;
    return `${this.roleOf(caller) ?? 'stranger'} at ${caller.remote.address}`;
  }

  /** The connection acts for another user from now on; returns its role. Errors: ACT_FOR_REFUSED, RPC_CONNECTIONS. */
  actFor(args: ActForArgs, caller: Caller): Role {
    const { users, security } = this.#parts;
    const record = (
      fact: Pick<SecurityRecord, 'kind' | 'who' | 'from' | 'what' | 'result'>,
      whose: Known = caller,
    ) => security.record({ ...fact, peer: peerOf(whose).key });
    try {
      if (caller.behalf) throw refusal('this connection acts for a user already');
      const ceiling = caller.remote ? this.roleOf(caller) : localCeiling(caller, users);
      const via = ceiling && !caller.remote ? 'umlweb' : this.nameOf(caller);
      const behalf = behalfOf(args, ceiling, via);
      caller.actFor(behalf);
      const { role, address: from } = behalf;
      record(
        { kind: 'act-for', who: behalfText(behalf), from, what: role, result: 'ok' },
        { ...caller, behalf },
      );
      return role;
    } catch (error) {
      const { code, cause } = toFailure(error);
      const from = caller.remote?.address ?? '';
      record({ kind: 'act-for-refused', who: this.nameOf(caller), from, what: cause, result: code });
      throw error;
    }
  }

  /** Errors: AUTH_*, PASSWORD_FILE; the connection ends with them. */
  begin(message: string, caller: Caller): AuthStep {
    return this.#guarded(caller, (remote) => {
      const { vm, varDir, readers } = this.#parts;
      if (this.#sessions.has(caller.id)) throw this.#refusal('this connection has started a login already');
      const all = readPasswords(varDir, readers);
      const passwords = all ? passwordsFor(all, vm) : [];
      if (!all || passwords.length === 0)
        throw new UmlmonError('AUTH_NO_PASSWORD', {
          place: vm,
          cause: 'no password opens this VM over TCP',
          hint: `on its host: umladmin password ${vm}`,
        });
      const nonce = randomBytes(nonceBytes).toString('base64');
      const exchange = beginServer(message, { nonce, derivation: all, binding: remote.binding });
      this.#sessions.set(caller.id, { exchange, passwords, role: null });
      caller.signal.addEventListener('abort', () => this.#sessions.delete(caller.id));
      return { message: exchange.message, role: '' };
    });
  }

  /** Errors: AUTH_*, PASSWORD_WRONG; the connection ends with them. */
  finish(message: string, caller: Caller): AuthStep {
    return this.#guarded(caller, (remote) => {
      const { exchange, passwords = [] } = this.#sessions.get(caller.id) ?? {};
      if (!exchange) throw this.#refusal('the first message is missing');
      this.#sessions.set(caller.id, { role: null });
      const known = finishServer(exchange, message, passwords);
      const role = highestRole(known.map(({ verifier }) => verifier.role));
      const answer = known.find(({ verifier }) => verifier.role === role);
      if (!role || !answer) {
        this.#failed(remote);
        throw new UmlmonError('PASSWORD_WRONG', {
          place: this.#parts.vm,
          cause: 'the password is wrong',
        });
      }
      this.#succeeded(remote);
      remote.welcome();
      this.#sessions.set(caller.id, { role });
      this.#parts.events.publish('login', `${this.nameOf(caller)} logged in`, {
        role,
        address: remote.address,
      });
      this.#parts.security.record({
        kind: 'login',
        who: this.nameOf(caller),
        from: remote.address,
        what: role,
        result: 'ok',
        peer: peerOf(caller).key,
      });
      return { message: answer.message, role };
    });
  }

  close(): void {
    this.#report.close();
  }

  /** A step of a login. Every error is logged and ends the connection. */
  #guarded(caller: Caller, step: (remote: Remote) => AuthStep): AuthStep {
    const { remote } = caller;
    if (!remote) throw this.#refusal('local clients need no password');
    try {
      this.#mayTry(remote);
      return step(remote);
    } catch (error) {
      remote.dismiss();
      const told = error instanceof ScramError ? this.#refusal(error.message) : error;
      const { code, cause } = toFailure(told);
      this.#report.refused(remote.address, cause);
      this.#parts.security.record({
        kind: 'login-refused',
        who: this.nameOf(caller),
        from: remote.address,
        what: cause,
        result: code,
        peer: peerOf(caller).key,
      });
      throw told;
    }
  }

  /** A network waits for its own failures; for failures of others only without an earlier login and if it is not new. */
  #mayTry({ address }: Remote): void {
    const network = networkOf(address);
    const now = performance.now();
    const own = this.#addresses.waitOf(network, now);
    const inAll = this.#known.has(network) ? 0 : this.#account.waitOf(this.#parts.vm, now);
    const failures = this.#addresses.failuresOf(network, now);
    const wait = inAll > own && this.#newcomers.mayTry(network, failures, now) ? own : Math.max(own, inAll);
    if (wait === 0) return;
    throw new UmlmonError('AUTH_THROTTLED', {
      place: address,
      cause: 'too many wrong passwords',
      hint: `wait ${Math.ceil(wait / 1000)} s`,
    });
  }

  #failed({ address }: Remote): void {
    const now = performance.now();
    this.#addresses.failed(networkOf(address), now);
    this.#account.failed(this.#parts.vm, now);
  }

  #succeeded({ address }: Remote): void {
    const network = networkOf(address);
    this.#addresses.succeeded(network);
    this.#account.succeeded(this.#parts.vm);
    this.#known.delete(network);
    this.#known.add(network);
    const [oldest] = this.#known;
    if (this.#known.size > names && oldest !== undefined) this.#known.delete(oldest);
  }

  #refusal(cause: string): UmlmonError {
    return new UmlmonError('AUTH_FAILED', { place: this.#parts.vm, cause });
  }
}
