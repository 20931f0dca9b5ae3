export const KiB = 1024;
export const MiB = 1024 * KiB;
export const TiB = 1024 * 1024 * MiB;

export type Unit = 'bytes' | 'ms' | 'characters' | '';

export interface Limit<V extends number | readonly number[] = number | readonly number[]> {
  readonly value: V;
  readonly unit: Unit;
  /** What is bounded, and why this much. */
  readonly what: string;
  /** What happens at the bound. */
  readonly then: string;
}

/** A line of the table. */
export function limit<V extends number | readonly number[]>(
  value: V,
  unit: Unit,
  what: string,
  then: string,
): Limit<V> {
  return { value, unit, what, then };
}

type Values<T extends Record<string, Limit>> = { readonly [K in keyof T]: T[K]['value'] };

/** Names → values, for the code that keeps to them. */
export function valuesOf<T extends Record<string, Limit>>(limits: T): Values<T> {
  return Object.fromEntries(Object.entries(limits).map(([name, { value }]) => [name, value])) as Values<T>;
}
