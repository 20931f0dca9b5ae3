/** Pure. */
import type { Setting } from '../config.ts';
import { unsupported } from '../keys/global-keys.ts';
import {
  type FamilyKey,
  isFamily,
  type KeySpec,
  type KeyTable,
  keyNames,
  type Layer,
  type Values,
} from '../keys/key.ts';
import { type Origin, type Problem, problemAt, type Refusal } from '../problem.ts';
import { didYouMean, suggest } from '../suggest.ts';

/** A key as written in a file. */
export interface Written {
  readonly value: string;
  readonly origin: Origin;
  readonly layer: Layer;
  /** The setting of an earlier layer that this one overrides. */
  readonly below?: Written;
}

export interface ReadKeys<Table> {
  /** Absent when a value was refused. */
  readonly values?: Values<Table>;
  readonly settings: readonly Setting[];
  readonly origins: Readonly<Record<string, Origin>>;
  readonly problems: readonly Problem[];
}

/**
 * The typed values of one section. `otherTable` is the table of the other kind of section, for better hints;
 * `defaults` replaces defaults of the table. Without `advise`, unknown keys get no suggestion:
 * each one takes 0.25 ms, too long for a file that is not a configuration at all.
 */
export function readKeys<Table extends KeyTable>(
  table: Table,
  otherTable: KeyTable,
  written: ReadonlyMap<string, Written>,
  defaults: Readonly<Record<string, string>>,
  advise = true,
): ReadKeys<Table> {
  const problems: Problem[] = [];
  const settings: Setting[] = [];
  const origins: Record<string, Origin> = {};
  const values: Record<string, unknown> = {};

  for (const [key, latest] of written) {
    const spec = specOf(table, key);
    for (let setting: Written | undefined = latest; setting; setting = setting.below) {
      const { origin, layer, value } = setting;
      if (!spec) problems.push(problemAt(origin, advise ? unknownKey(key, table, otherTable) : plainUnknown));
      else if (layer === 'user' && spec.layer === 'admin') problems.push(problemAt(origin, adminOnly(key)));
      if (!spec || setting === latest) continue;
      const overridden = spec.parse(value, unitOf(key));
      if ('cause' in overridden) problems.push(problemAt(origin, overridden));
    }
  }

  const read = (key: string, spec: KeySpec, unit: number, fallback: string | undefined): unknown => {
    const setting = written.get(key);
    const text = setting?.value ?? fallback;
    if (text === undefined) return null;
    if (setting) origins[key] = setting.origin;
    settings.push({ key, value: text, origin: setting ? placeText(setting.origin) : 'default' });
    const parsed = spec.parse(text, unit);
    if ('value' in parsed) return parsed.value;
    problems.push(problemAt(setting?.origin ?? { file: '', line: 0, section: '', key }, parsed));
    return null;
  };

  for (const [name, spec] of Object.entries(table)) {
    if (isFamily(spec)) values[name] = readFamily(name, spec, read);
    else values[name] = read(name, spec, 0, defaults[name] ?? spec.default);
  }
  // Without problems, each key of the table has a value from its own parser.
  const complete = problems.length === 0 ? { values: values as Values<Table> } : {};
  return { ...complete, settings, origins, problems };
}

function readFamily(
  name: string,
  spec: FamilyKey<unknown>,
  read: (key: string, spec: KeySpec, unit: number, fallback: string | undefined) => unknown,
): unknown[] {
  const list: unknown[] = [];
  for (let unit = 0; unit < spec.units; unit++) {
    const value = read(`${name}${unit}`, spec, unit, spec.defaults[unit]);
    if (value !== null) list.push({ unit, ...(value as object) });
  }
  return list;
}

/** The entry of the table for a written key: `mem`, or `ubd` for `ubd0`. */
export function specOf(table: KeyTable, key: string): KeySpec | undefined {
  const [, name = key, digits] = /^([a-z_]+?)(0|[1-9]\d{0,2})$/.exec(key) ?? [];
  const spec = Object.hasOwn(table, name) ? table[name] : undefined;
  if (!spec || isFamily(spec) !== (digits !== undefined)) return undefined;
  return isFamily(spec) && Number(digits) >= spec.units ? undefined : spec;
}

function unitOf(key: string): number {
  return Number(/\d*$/.exec(key)?.[0]);
}

const plainUnknown: Refusal = {
  code: 'CONFIG_UNKNOWN_KEY',
  cause: 'the key does not exist',
  hint: 'umlmon(5) lists all keys',
};

function unknownKey(key: string, table: KeyTable, otherTable: KeyTable): Refusal {
  const future = unsupported(key);
  if (future) return { code: 'CONFIG_UNSUPPORTED', cause: future, hint: 'delete the line' };
  const unknown = (cause: string, hint: string): Refusal => ({ code: 'CONFIG_UNKNOWN_KEY', cause, hint });
  if (specOf(otherTable, key)) {
    const place = 'vardir' in otherTable ? 'the section [GLOBAL]' : 'the section of a VM';
    return unknown('the key does not exist in this section', `it belongs in ${place}`);
  }
  for (const [name, spec] of Object.entries(table)) {
    if (!isFamily(spec) || !new RegExp(`^${name}(?:\\d*|[a-p])$`).test(key)) continue;
    return unknown('the key does not exist', `${name}0 to ${name}${spec.units - 1} exist`);
  }
  const names = keyNames(table);
  const elsewhere = suggest(key, names) ? '' : suggest(key, keyNames(otherTable));
  return unknown(
    'the key does not exist',
    elsewhere
      ? `${elsewhere} exists in the other kind of section`
      : didYouMean(key, names, plainUnknown.hint),
  );
}

function adminOnly(key: string): Refusal {
  return {
    code: 'CONFIG_LAYER',
    cause: `only the administrator may set ${key}`,
    hint: 'delete the line, and ask the administrator to set it in the main configuration',
  };
}

function placeText({ file, line }: Origin): string {
  return `${file}:${line}`;
}
