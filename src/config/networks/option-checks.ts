/** What is wrong with the options of a transport when all of them are seen. */
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
    say('dst', `it is IPv${dst.family}, and src is IPv${src.family}`, 'both ends need the same');
  if (v6 !== undefined && v6 !== (src.family === 6))
    say('v6', `src is IPv${src.family}`, 'leave v6 out: the addresses tell');
  if (/^(?:0\.0\.0\.0|[0:]+)$/.test(dst.text))
    say('dst', 'it is the address of nobody', 'name the other end');
  if (wholeAddress && src.text === dst.text)
    say('dst', 'it is src: the guest would hear itself', 'the two ends need an address each');
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
      return [{ argument: 'dstport', cause: 'both ends are the same', hint: 'take two ports' }];
    return Object.entries(ports).flatMap(([argument, port]) =>
      port === undefined ? [{ argument, cause: 'it is missing', hint: 'UDP needs both ports' }] : [],
    );
  }
  return Object.entries(ports).flatMap(([argument, port]) =>
    port === undefined
      ? []
      : [{ argument, cause: 'only UDP has ports', hint: 'add udp=on, or leave it out' }],
  );
}

/** Either both or none. */
export function pairMistakes(values: object, one: string, other: string): OptionMistake[] {
  const missing = [one, other].filter((name) => !has(values, name));
  return missing.length === 1
    ? missing.map((argument) => ({
        argument,
        cause: `it is missing, and ${argument === one ? other : one} is there`,
        hint: 'write both, or none',
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

/** The first means nothing without the second. */
export function followMistakes(values: object, name: string, needed: string): OptionMistake[] {
  const on = (option: string) => (values as Record<string, unknown>)[option] === true;
  return on(name) && !on(needed)
    ? [{ argument: name, cause: `it changes nothing without ${needed}`, hint: `add ${needed}=on` }]
    : [];
}

function has(values: object, name: string): boolean {
  return (values as Record<string, unknown>)[name] !== undefined;
}
