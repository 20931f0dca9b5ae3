/** Pure. */
import { monitorLimits } from '../../system/limits/limits.ts';

/** What a guest has told as `key=value`: the last value of each key, in the order in which they were told. */
export type GuestValues = ReadonlyMap<string, string>;

const form = /^([A-Za-z][\w.-]{0,63})=(.*)$/s;

/** The key and value of a message of the guest; undefined if it is free text. */
export function parseGuestValue(text: string): { key: string; value: string } | undefined {
  const [, key, value] = form.exec(text) ?? [];
  if (key === undefined || value === undefined) return undefined;
  return { key, value: value.slice(0, monitorLimits.guestValue) };
}

/** With one more value; of too many keys, the one that was told the longest ago goes. */
export function withGuestValue(values: GuestValues, key: string, value: string): GuestValues {
  const others = [...values].filter(([name]) => name !== key).slice(1 - monitorLimits.guestKeys);
  return new Map([...others, [key, value]]);
}
