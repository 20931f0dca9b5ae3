/** Pure. */
import { isIPv6 } from 'node:net';
import { readIp } from '../system/ip-address.ts';

/** The usual form of the address of a peer: an IPv4 client of an IPv6 socket has an IPv4 address. Other texts are unchanged. */
export function plainAddress(address: string): string {
  return readIp(address)?.text ?? address;
}

/** `HOST:PORT`, with brackets around an IPv6 address (RFC 3986 section 3.2.2). */
export function placeText(host: string, port: number): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** The key that identifies the owner of an address: the address itself, or for IPv6 its /64 network, which one host may have. */
export function networkOf(address: string): string {
  const [plain = ''] = plainAddress(address).split('%');
  if (!isIPv6(plain)) return plain;
  const [before = '', after] = plain.split('::');
  const words = (text: string) => (text === '' ? [] : text.split(':'));
  const head = words(before);
  const tail = words(after ?? '');
  const zeros = after === undefined ? 0 : Math.max(0, 8 - head.length - tail.length);
  const all = [...head, ...Array.from({ length: zeros }, () => '0'), ...tail];
  return `${all
    .slice(0, 4)
    .map((word) => Number.parseInt(word, 16).toString(16))
    .join(':')}::/64`;
}
