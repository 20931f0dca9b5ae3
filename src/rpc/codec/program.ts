import type { UmlmonError } from '../../system/errors/errors.ts';
import type { Codec } from './xdr.ts';

/** One procedure of a program. */
export interface Procedure<Args = unknown, Result = unknown> {
  readonly number: number;
  readonly args: Codec<Args>;
  readonly result: Codec<Result>;
}

/** A program from the generator; server and client are generic over it. */
export interface Program {
  readonly program: number;
  readonly version: number;
  /** Largest XDR of the arguments of any procedure, in bytes: a server must accept this much. */
  readonly argsBytesMax: number;
  readonly procedures: { readonly [name: string]: Procedure };
}

export type ProcedureName<P extends Program> = keyof P['procedures'] & string;

export type ArgsOf<P extends Program, K extends ProcedureName<P>> =
  P['procedures'][K] extends Procedure<infer Args, unknown> ? Args : never;

export type ResultOf<P extends Program, K extends ProcedureName<P>> =
  P['procedures'][K] extends Procedure<infer _Args, infer Result> ? Result : never;

/** The peer of a TCP connection, unauthenticated until its login. */
export interface Remote {
  /** IP address, without a port. */
  readonly address: string;
  /** Channel binding of the TLS connection (RFC 9266), which only its two ends know; null without TLS. */
  readonly binding: Buffer | null;
  /** Lifts the bounds for unauthenticated clients. Errors: RPC_CONNECTIONS. */
  readonly welcome: () => void;
  /** Ends the connection after its pending replies. */
  readonly dismiss: () => void;
}

/** The client of a proxy (UMLMON_ACT_FOR). */
export interface Behalf {
  readonly user: string;
  /** IP address of the client, `unknown`, or ''. */
  readonly address: string;
  /** The role of the connection, from roles.ts. */
  readonly role: string;
  /** The proxy, for events and records. */
  readonly via: string;
}

/**
 * The peer of one connection, as identified by the kernel at connect(2) (SO_PEERCRED and SO_PEERGROUPS). Over TCP, the
 * kernel has no credentials: uid and gid are 2^32 - 1, pid is 0, and there are no groups. The same values apply once the
 * peer acts on behalf of a client: the uid of a proxy grants nothing.
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
  /** Undefined for clients that act for themselves. */
  readonly behalf?: Behalf;
  /**
   * Makes further calls act on behalf of a client, and use the share of that client if the proxy is on this host.
   * Errors: RPC_CONNECTIONS.
   */
  readonly actFor: (behalf: Behalf) => void;
  /** Why the connection is refused; it may make one call to get this error. */
  readonly refusal?: UmlmonError | undefined;
  /** Number of the connection, unique for the life of a server. */
  readonly id: number;
  /** Aborted when the connection ends. */
  readonly signal: AbortSignal;
}

/** One handler for each procedure; a missing one does not compile. */
export type Handlers<P extends Program> = {
  readonly [K in ProcedureName<P>]: (
    args: ArgsOf<P, K>,
    caller: Caller,
  ) => ResultOf<P, K> | Promise<ResultOf<P, K>>;
};
