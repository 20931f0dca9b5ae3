import type { ShareBounds } from '../sharing/shares.ts';

export const KiB = 1024;
export const MiB = 1024 * KiB;
export const TiB = 1024 * 1024 * MiB;

/** Times and lengths of texts bound one thing at a time. */
export type Measure = 'ms' | 'characters';
/** Numbers and bytes may bound what several fill. */
export type Amount = 'bytes' | '';
export type Unit = Measure | Amount;

/** The bound is that of a table which several peers fill, and so much of it is for each, and for owners only. */
export interface Shared {
  readonly perPeer: number;
  readonly reserve: number;
  /** Who is a peer: `user`, `address`, `session`. */
  readonly by: string;
}

/** At the bound, whoever has most loses the oldest of its own. */
export interface Fair {
  /** By whom or what it is counted: `VM`. */
  readonly fairBy: string;
}

/**
 * Who fills what is bounded. `one`: a single thing, or a table of one owner, so that nobody else suffers at its bound.
 * `trusted`: only root, the administrator or the code itself.
 */
export type Share = 'one' | 'trusted' | Shared | Fair;

export interface Limit<
  V extends number | readonly number[] = number | readonly number[],
  S extends Share | undefined = Share | undefined,
> {
  readonly value: V;
  readonly unit: Unit;
  /** What is bounded, and why this much. */
  readonly what: string;
  /** What happens at the bound. */
  readonly then: string;
  readonly share: S;
}

/** A line of the table. What is counted says who fills it; without that it does not compile. */
export function limit<V extends number | readonly number[]>(
  value: V,
  unit: Measure,
  what: string,
  then: string,
): Limit<V, undefined>;
export function limit<V extends number | readonly number[], const S extends Share>(
  value: V,
  unit: Amount,
  what: string,
  then: string,
  share: S,
): Limit<V, S>;
export function limit<V extends number | readonly number[]>(
  value: V,
  unit: Unit,
  what: string,
  then: string,
  share?: Share,
): Limit<V> {
  return { value, unit, what, then, share };
}

type Values<T extends Record<string, Limit>> = { readonly [K in keyof T]: T[K]['value'] };

/** Names → values, for the code that keeps to them. */
export function valuesOf<T extends Record<string, Limit>>(limits: T): Values<T> {
  return Object.fromEntries(Object.entries(limits).map(([name, { value }]) => [name, value])) as Values<T>;
}

type SharedNames<T extends Record<string, Limit>> = {
  [K in keyof T]: T[K]['share'] extends Shared ? K : never;
}[keyof T];

/** Names → how the table is shared, of those that several fill. */
export function sharesOf<T extends Record<string, Limit>>(
  room: string,
  limits: T,
): { readonly [K in SharedNames<T>]: ShareBounds } {
  const shared = Object.entries(limits).flatMap(([name, { value, share }]) =>
    typeof share === 'object' && 'perPeer' in share && typeof value === 'number'
      ? [[name, { table: `${room}.${name}`, total: value, perPeer: share.perPeer, reserve: share.reserve }]]
      : [],
  );
  return Object.fromEntries(shared) as { readonly [K in SharedNames<T>]: ShareBounds };
}
