import { isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';

/** Bytes of a name in the DNS (RFC 1035 section 2.3.4), without the last dot. */
const nameBytes = 253;

/**
 * A name or an IPv4 address for getaddrinfo(3); undefined if malformed. The resolver of the host knows which names
 * exist: `/etc/hosts` may have any. Names with letters of other scripts are converted to those of the DNS
 * (`xn--…`, RFC 5891).
 */
export function readHostName(text: string): string | undefined {
  if (!/^[\p{L}\p{M}\p{N}_][\p{L}\p{M}\p{N}_.~+-]*$/u.test(text)) return undefined;
  const ascii = /^\p{ASCII}*$/u.test(text) ? text : domainToASCII(text);
  const bytes = ascii.replace(/\.$/, '').length;
  return bytes > 0 && bytes <= nameBytes ? ascii : undefined;
}

/** Whether a text is already a name in that form. */
export function isHostName(text: string): boolean {
  return readHostName(text) === text;
}

/** An IPv6 address, optionally with an interface as its zone: `fe80::1%ovs_br0` (RFC 4007 section 11). */
export function isZonedIPv6(text: string): boolean {
  const [address = '', ...zone] = text.split('%');
  if (zone.length === 0) return isIPv6(text);
  const name = zone.join('%');
  return isIPv6(address) && name !== '' && !/[\s\p{Cc}/[\]]/u.test(name);
}
