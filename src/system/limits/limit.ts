import type { ShareBounds } from '../sharing/shares.ts';

export const KiB = 1024;
export const MiB = 1024 * KiB;
export const TiB = 1024 * 1024 * MiB;

/** Times and lengths of texts bound one thing at a time. */
export type LimitMeasure = 'ms' | 'characters';
/** Counts and bytes may bound a table that several peers fill. */
export type Amount = 'bytes' | '';
export type Unit = LimitMeasure | Amount;

/** Several peers fill the table. Each has a share; root and the user of the daemon have a reserve. */
export interface Shared {
  readonly perPeer: number;
  readonly reserve: number;
  /** What identifies a peer: `user`, `address`, `session`. */
  readonly by: string;
}

/** At the limit, the peer with the most entries loses its oldest one. */
export interface Fair {
  /** What the entries are counted by: `VM`. */
  readonly fairBy: string;
}

/**
 * Who fills the table. `one`: a single thing, or a table of one owner, so no other user is affected. `trusted`: root, the
 * administrator or umlmon itself.
 */
export type LimitShare = 'one' | 'trusted' | Shared | Fair;

export interface Limit<
  V extends number | readonly number[] = number | readonly number[],
  S extends LimitShare | undefined = LimitShare | undefined,
> {
  readonly value: V;
  readonly unit: Unit;
  /** What is bounded, and why this much. */
  readonly what: string;
  /** What happens at the limit; '' if only developers see it. Then docs/limits.md omits the limit. */
  readonly atLimit: string;
  readonly share: S;
}

/** A limit that an administrator can meet. A count without its share does not compile. */
export function limit<V extends number | readonly number[]>(
  value: V,
  unit: LimitMeasure,
  what: string,
  atLimit: string,
): Limit<V, undefined>;
export function limit<V extends number | readonly number[], const S extends LimitShare>(
  value: V,
  unit: Amount,
  what: string,
  atLimit: string,
  share: S,
): Limit<V, S>;
export function limit<V extends number | readonly number[]>(
  value: V,
  unit: Unit,
  what: string,
  atLimit: string,
  share?: LimitShare,
): Limit<V> {
  return { value, unit, what, atLimit, share };
}

/** A limit that only developers see: a buffer size, a pause between attempts, a measured settling time. */
export function internal<V extends number | readonly number[]>(
  value: V,
  unit: Unit,
  what: string,
): Limit<V, 'one'> {
  return { value, unit, what, atLimit: '', share: 'one' };
}

export function shared(perPeer: number, reserve: number, by: string): Shared {
  return { perPeer, reserve, by };
}

export function fair(fairBy: string): Fair {
  return { fairBy };
}

type Values<T extends Record<string, Limit>> = { readonly [K in keyof T]: T[K]['value'] };

/** Names → values, for the code that enforces them. */
export function valuesOf<T extends Record<string, Limit>>(limits: T): Values<T> {
  return Object.fromEntries(Object.entries(limits).map(([name, { value }]) => [name, value])) as Values<T>;
}

type SharedNames<T extends Record<string, Limit>> = {
  [K in keyof T]: T[K]['share'] extends Shared ? K : never;
}[keyof T];

/** Names → shares, of the tables that several peers fill. */
export function sharesOf<T extends Record<string, Limit>>(
  room: string,
  limits: T,
): { readonly [K in SharedNames<T>]: ShareBounds } {
  const tables = Object.entries(limits).flatMap(([name, { value, share }]) =>
    typeof share === 'object' && 'perPeer' in share && typeof value === 'number'
      ? [[name, { table: `${room}.${name}`, total: value, perPeer: share.perPeer, reserve: share.reserve }]]
      : [],
  );
  return Object.fromEntries(tables) as { readonly [K in SharedNames<T>]: ShareBounds };
}
