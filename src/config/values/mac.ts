/** MAC addresses as numbers of 48 bits, which a JavaScript number holds without loss. */
import { quoted } from '../problem.ts';
import { type ParsedValue, refuse } from './values.ts';

/** Addresses from `first` to `last` inclusive, all with the same first byte. */
export interface MacRange {
  readonly first: number;
  readonly last: number;
}

const firstByte = 2 ** 40;

export function macText(address: number): string {
  return (address.toString(16).padStart(12, '0').match(/../g) ?? []).join(':');
}

/** `02:00:00:12:34:56` as a number; NaN if malformed. */
export function macNumber(text: string): number {
  return /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i.test(text)
    ? Number.parseInt(text.replaceAll(':', ''), 16)
    : Number.NaN;
}

/** The address of one interface, in lower case: any except group addresses and zero. */
export function parseMac(text: string): ParsedValue<string> {
  const address = macNumber(text);
  if (Number.isNaN(address)) return refuse(`${quoted(text)} is not a MAC address`, 'as in 02:00:00:12:34:56');
  if (isGroup(address)) return refuse(`${text} is a group address`, 'use an even first byte, as in 02');
  if (address === 0) return refuse(`${text} is not a valid address of an interface`, 'remove mac to get one');
  return { value: macText(address) };
}

/** `FIRST-LAST`: locally administered unicast addresses, which no manufacturer assigns. */
export function parseMacRange(text: string): ParsedValue<MacRange> {
  const [from = '', to = '', ...more] = text.split('-').map((part) => part.trim());
  const [first, last] = [macNumber(from), macNumber(to)];
  if (Number.isNaN(first) || Number.isNaN(last) || more.length > 0)
    return refuse(`${quoted(text)} is not a range of MAC addresses`, `as in ${defaultMacPool}`);
  for (const [name, address] of [
    [from, first],
    [to, last],
  ] as const) {
    if (isGroup(address)) return refuse(`${name} is a group address`, 'use a first byte such as 02');
    if (!isLocal(address))
      return refuse(
        `${name} belongs to a manufacturer`,
        'locally administered addresses have 2, 6, a or e as second digit',
      );
  }
  if (Math.floor(first / firstByte) !== Math.floor(last / firstByte))
    return refuse(
      'the two ends have different first bytes, so the range contains group addresses',
      'use the same first byte',
    );
  if (first > last) return refuse('the range ends before it starts', `write ${to}-${from}`);
  return { value: { first, last } };
}

/** Large enough for all VMs of a site, so each host starts at another offset. */
export const defaultMacPool = '02:00:00:00:00:00-02:00:00:ff:ff:ff';

function isGroup(address: number): boolean {
  return Math.floor(address / firstByte) % 2 === 1;
}

function isLocal(address: number): boolean {
  return Math.floor(address / firstByte / 2) % 2 === 1;
}
