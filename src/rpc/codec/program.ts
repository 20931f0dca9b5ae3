import type { UmlmonError } from '../../system/errors/errors.ts';
import type { Codec } from './xdr.ts';

/** One procedure of a program. */
export interface Procedure<Args = unknown, Result = unknown> {
  readonly number: number;
  readonly args: Codec<Args>;
  readonly result: Codec<Result>;
}

/** A program as the generator describes it; server and client are generic over it. */
export interface Program {
  readonly program: number;
  readonly version: number;
  /** Largest XDR of the arguments of any procedure, in bytes: what a server must be ready to take. */
  readonly argsBytesMax: number;
  readonly procedures: { readonly [name: string]: Procedure };
}

export type ProcedureName<P extends Program> = keyof P['procedures'] & string;

export type ArgsOf<P extends Program, K extends ProcedureName<P>> =
  P['procedures'][K] extends Procedure<infer Args, unknown> ? Args : never;

export type ResultOf<P extends Program, K extends ProcedureName<P>> =
  P['procedures'][K] extends Procedure<infer _Args, infer Result> ? Result : never;

/** The other end of a TCP connection, a stranger until it has proved who it is. */
export interface Remote {
  /** IP address, without a port. */
  readonly address: string;
  /** What the TLS connection exports (RFC 9266): the same at both ends of it and nowhere else; null without TLS. */
  readonly binding: Buffer | null;
  /** Ends the bounds for strangers. Errors: RPC_CONNECTIONS. */
  readonly welcome: () => void;
  /** Ends the connection, after the replies that are on their way. */
  readonly dismiss: () => void;
}

/** For whom a proxy calls (UMLMON_ACT_FOR). */
export interface Behalf {
  readonly user: string;
  /** IP address of the person, `unknown`, or ''. */
  readonly address: string;
  /** What the connection may do: a role of roles.ts. */
  readonly role: string;
  /** The proxy, for events and records. */
  readonly via: string;
}

/**
 * The peer of one connection, as the kernel knows it (SO_PEERCRED and SO_PEERGROUPS, noted when it connected). Over TCP the
 * kernel knows nothing: uid and gid are 2^32 - 1, pid is 0, and there are no groups. So it is from the moment on from which the peer calls
 * for somebody else: nothing that is decided by a uid is decided by that of a proxy.
 */
export interface Caller {
  readonly uid: number;
  readonly gid: number;
  readonly pid: number;
  /** All groups but `gid`. */
  readonly groups: readonly number[];
  /** The IP address of a client of a port that has no logins. */
  readonly address?: string | undefined;
  /** Undefined for local peers. */
  readonly remote: Remote | undefined;
  /** Undefined for those who call for themselves. */
  readonly behalf?: Behalf;
  /**
   * Calls that come from now on are those of somebody else, and count for that person if this host vouches for the proxy.
   * Errors: RPC_CONNECTIONS.
   */
  readonly actFor: (behalf: Behalf) => void;
  /** Why none of its calls is served; it may make one, to be told. */
  readonly refusal?: UmlmonError | undefined;
  /** Number of the connection, never used twice by a server. */
  readonly id: number;
  /** Aborted when the connection ends. */
  readonly signal: AbortSignal;
}

/** One handler for each procedure: a missing one does not compile. */
export type Handlers<P extends Program> = {
  readonly [K in ProcedureName<P>]: (
    args: ArgsOf<P, K>,
    caller: Caller,
  ) => ResultOf<P, K> | Promise<ResultOf<P, K>>;
};
