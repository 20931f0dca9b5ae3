/** Problems in the relations of the options of a transport. */
import { type TunnelEnd, wordMax } from './options.ts';

export interface OptionMistake {
  readonly argument: string;
  readonly cause: string;
  readonly hint: string;
}

interface Ends {
  readonly src: TunnelEnd;
  readonly dst: TunnelEnd;
  readonly v6?: boolean;
}

export function endMistakes({ src, dst, v6 }: Ends, wholeAddress: boolean): OptionMistake[] {
  const mistakes: OptionMistake[] = [];
  const say = (argument: string, cause: string, hint: string) => mistakes.push({ argument, cause, hint });
  if (src.family !== dst.family)
    say('dst', `it is IPv${dst.family}, but src is IPv${src.family}`, 'use one family for both ends');
  if (v6 !== undefined && v6 !== (src.family === 6))
    say('v6', `src is IPv${src.family}`, 'remove v6: the addresses suffice');
  if (/^(?:0\.0\.0\.0|[0:]+)$/.test(dst.text))
    say('dst', 'it is the unspecified address', 'use the address of the other end');
  if (wholeAddress && src.text === dst.text)
    say('dst', 'it equals src: the guest would receive its own packets', 'use two different addresses');
  return mistakes;
}

export function portMistakes({
  udp,
  srcport,
  dstport,
  src,
  dst,
}: Ends & {
  readonly udp?: boolean;
  readonly srcport?: number;
  readonly dstport?: number;
}): OptionMistake[] {
  const ports = { srcport, dstport };
  if (udp === true) {
    if (srcport !== undefined && srcport === dstport && src.text === dst.text)
      return [{ argument: 'dstport', cause: 'both ends are the same', hint: 'use two ports' }];
    return Object.entries(ports).flatMap(([argument, port]) =>
      port === undefined ? [{ argument, cause: 'it is missing', hint: 'UDP needs both ports' }] : [],
    );
  }
  return Object.entries(ports).flatMap(([argument, port]) =>
    port === undefined ? [] : [{ argument, cause: 'only UDP has ports', hint: 'add udp=on, or remove it' }],
  );
}

/** The two options require each other. */
export function pairMistakes(values: object, one: string, other: string): OptionMistake[] {
  const missing = [one, other].filter((name) => !has(values, name));
  return missing.length === 1
    ? missing.map((argument) => ({
        argument,
        cause: `it is missing, but ${argument === one ? other : one} is set`,
        hint: 'set both or neither',
      }))
    : [];
}

export function cookieMistakes(values: {
  readonly rx_cookie?: string;
  readonly tx_cookie?: string;
  readonly cookie64?: boolean;
}): OptionMistake[] {
  const { rx_cookie, tx_cookie, cookie64 } = values;
  if (rx_cookie === undefined && tx_cookie === undefined)
    return cookie64 === true
      ? [{ argument: 'cookie64', cause: 'there are no cookies', hint: 'add rx_cookie and tx_cookie' }]
      : [];
  if (cookie64 === true) return [];
  return Object.entries({ rx_cookie, tx_cookie }).flatMap(([argument, cookie]) =>
    cookie !== undefined && BigInt(cookie) > BigInt(wordMax)
      ? [{ argument, cause: `${cookie} has more than 32 bits`, hint: 'add cookie64=on' }]
      : [],
  );
}

/** The first option has no effect without the second. */
export function followMistakes(values: object, name: string, needed: string): OptionMistake[] {
  const on = (option: string) => (values as Record<string, unknown>)[option] === true;
  return on(name) && !on(needed)
    ? [{ argument: name, cause: `it has no effect without ${needed}`, hint: `add ${needed}=on` }]
    : [];
}

function has(values: object, name: string): boolean {
  return (values as Record<string, unknown>)[name] !== undefined;
}
