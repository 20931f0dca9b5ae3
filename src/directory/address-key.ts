import { createHash } from 'node:crypto';
import { isIPv4 } from 'node:net';

/**
 * What counts as one address: an IPv4 address, or the network of 64 bits of an IPv6 address, of which anybody may have
 * as many as he likes. IPv4 addresses within IPv6 (::ffff:192.0.2.1) are IPv4 addresses.
 *
 * @param address as the host kernel writes it (RFC 5952)
 */
export function addressKey(address: string): string {
  const plain = address.replace(/%.*/, '').toLowerCase();
  const mapped = /^::ffff:([\d.]+)$/.exec(plain)?.[1] ?? plain;
  if (isIPv4(mapped)) return mapped;
  const [head = '', tail] = plain.split('::');
  const left = head.split(':').filter((group) => group !== '');
  const right = (tail ?? '').split(':').filter((group) => group !== '');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array.from({ length: zeros }, () => '0'), ...right];
  return groups.slice(0, 4).join(':');
}

/**
 * An address within 127.0.0.0/8 that stands for a client: monitors, which see only connections from their own host when
 * clients come through the redirector, can count failures of one without those of all.
 */
export function loopbackFor(key: string): string {
  const [a = 0, b = 0, c = 0] = createHash('sha256').update(key).digest();
  // Neither the network nor its broadcast address, and never 127.0.0.1 itself, which is everybody on this host.
  return `127.${1 + (a % 254)}.${b}.${1 + (c % 254)}`;
}
