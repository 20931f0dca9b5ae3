import type { Parsed, Parser } from '../values/values.ts';

/** Who may set a key: `admin` in the main files only, `user` also in VARDIR/VM/config. */
export type Layer = 'admin' | 'user';
/** What a change waits for, of the monitor: nothing, the next start of the VM, its own. */
export type MonitorEffect = 'now' | 'vm' | 'monitor';
/** What a change waits for; keys of other programs wait for their next start. */
export type Effect = MonitorEffect | 'umldir' | 'umlweb';

/** In words, after "takes effect". */
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
  /** How umlmon(5) shows the default, where the text is not the whole truth. */
  readonly defaultNote?: string;
}

export interface SingleKey<T> extends KeyNotes {
  readonly parse: Parser<T>;
  /** Text in the form of the key. */
  readonly default: string;
}

/** Keys with a number at the end, from 0 to `units` - 1. */
export interface FamilyKey<T> extends KeyNotes {
  readonly units: number;
  /** Null when there is nothing at this unit. */
  readonly parse: (text: string, unit: number) => Parsed<T | null>;
  readonly defaults: Readonly<Record<number, string>>;
}

export type KeySpec = SingleKey<unknown> | FamilyKey<unknown>;
export type KeyTable = Readonly<Record<string, KeySpec>>;
export type AtUnit<T> = T & { readonly unit: number };

type ValueOf<K> =
  K extends FamilyKey<infer T> ? readonly AtUnit<T>[] : K extends SingleKey<infer T> ? T : never;
/** The typed values of a table: one property for every key, lists in ascending order of units for families. */
export type Values<Table> = { readonly [Key in keyof Table]: ValueOf<Table[Key]> };

/** For the inference of T. */
export const single = <T>(spec: SingleKey<T>): SingleKey<T> => spec;
export const family = <T>(spec: FamilyKey<T>): FamilyKey<T> => spec;

export function isFamily(spec: KeySpec): spec is FamilyKey<unknown> {
  return 'units' in spec;
}

/** All names that may stand before a '=', for suggestions and completion. */
export function keyNames(table: KeyTable): string[] {
  return Object.entries(table).flatMap(([name, spec]) =>
    isFamily(spec) ? Array.from({ length: spec.units }, (_, unit) => `${name}${unit}`) : [name],
  );
}
