import type { ParsedValue, Parser } from '../values/values.ts';

/** Who may set a key: `admin` in the main files only, `user` also in VARDIR/VM/config. */
export type Layer = 'admin' | 'user';
/** When the monitor applies a change: at once, at the next start of the VM, at its own next start. */
export type MonitorEffect = 'now' | 'vm' | 'monitor';
/** When a change takes effect; programs other than the monitor apply it at their next start. */
export type Effect = MonitorEffect | 'umldir' | 'umlweb';

/** Texts to follow "takes effect". */
export const effectTexts: Readonly<Record<Effect, string>> = {
  now: 'at once',
  vm: 'at the next start of the VM',
  monitor: 'at the next start of the monitor',
  umldir: 'at the next start of umldir(8)',
  umlweb: 'at the next start of umlweb(8)',
};

interface KeyNotes {
  readonly layer: Layer;
  readonly effect: Effect;
  /** The form of the value for umlmon(5). */
  readonly form: string;
  /** One to three sentences for umlmon(5). */
  readonly help: string;
  readonly example: string;
  /** Replaces `default` in umlmon(5) if the default depends on the user or on another key. */
  readonly defaultNote?: string;
}

export interface SingleKey<T> extends KeyNotes {
  readonly parse: Parser<T>;
  /** As it would be written in a file. */
  readonly default: string;
}

/** Keys that end in a number, from 0 to `units` - 1. */
export interface FamilyKey<T> extends KeyNotes {
  readonly units: number;
  /** Null if the unit is unused. */
  readonly parse: (text: string, unit: number) => ParsedValue<T | null>;
  readonly defaults: Readonly<Record<number, string>>;
}

export type KeySpec = SingleKey<unknown> | FamilyKey<unknown>;
export type KeyTable = Readonly<Record<string, KeySpec>>;
export type AtUnit<T> = T & { readonly unit: number };

type ValueOf<K> =
  K extends FamilyKey<infer T> ? readonly AtUnit<T>[] : K extends SingleKey<infer T> ? T : never;
/** The typed values of a table: one property per key; families as lists in ascending order of units. */
export type Values<Table> = { readonly [Key in keyof Table]: ValueOf<Table[Key]> };

/** Infers T. */
export const single = <T>(spec: SingleKey<T>): SingleKey<T> => spec;
export const family = <T>(spec: FamilyKey<T>): FamilyKey<T> => spec;

export function isFamily(spec: KeySpec): spec is FamilyKey<unknown> {
  return 'units' in spec;
}

/** All valid names of keys, for suggestions and completion. */
export function keyNames(table: KeyTable): string[] {
  return Object.entries(table).flatMap(([name, spec]) =>
    isFamily(spec) ? Array.from({ length: spec.units }, (_, unit) => `${name}${unit}`) : [name],
  );
}
