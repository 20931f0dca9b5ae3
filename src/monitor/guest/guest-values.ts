/** Pure. */
import { monitorLimits } from '../../system/limits/limits.ts';

/** The messages of a guest of the form `key=value`: the last value of each key, in the order of arrival. */
export type GuestValues = ReadonlyMap<string, string>;

const form = /^([A-Za-z][\w.-]{0,63})=(.*)$/s;

/** The key and value of a message of the guest; undefined if it is free text. */
export function parseGuestValue(text: string): { key: string; value: string } | undefined {
  const [, key, value] = form.exec(text) ?? [];
  if (key === undefined || value === undefined) return undefined;
  return { key, value: value.slice(0, monitorLimits.guestValue) };
}

/** Adds a value; of too many keys, the oldest is removed. */
export function withGuestValue(values: GuestValues, key: string, value: string): GuestValues {
  const others = [...values].filter(([name]) => name !== key).slice(1 - monitorLimits.guestKeys);
  return new Map([...others, [key, value]]);
}
