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

/**
 * The peer of one connection, as the kernel knows it (SO_PEERCRED, noted when it connected). Over TCP the kernel knows
 * nothing: uid and gid are 2^32 - 1 and pid is 0.
 */
export interface Caller {
  readonly uid: number;
  readonly gid: number;
  readonly pid: number;
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
