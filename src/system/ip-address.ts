/** Pure. */
import { isIP } from 'node:net';

/** A parsed IP address: equal addresses have equal texts. */
export interface IpAddress {
  /** IPv6 in lower case, shortened (RFC 5952), with its zone if present. */
  readonly text: string;
  readonly family: 4 | 6;
}

/**
 * Reads an address in any form, without brackets. An IPv4 address within IPv6 (`::ffff:192.0.2.7`, RFC 4291 section 2.5.5.2) is
 * that IPv4 address: a socket for both families reports IPv4 clients in this form. Undefined if malformed.
 */
export function readIp(text: string): IpAddress | undefined {
  const family = isIP(text);
  if (family === 0) return undefined;
  if (family === 4) return { text, family };
  const short = shortAddress(text);
  const [, high, low] = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})(?:%.*)?$/.exec(short) ?? [];
  if (high === undefined || low === undefined) return { text: short, family: 6 };
  const bytes = [high, low].flatMap((word) => {
    const value = Number.parseInt(word, 16);
    return [value >> 8, value & 0xff];
  });
  return { text: bytes.join('.'), family: 4 };
}

/** An IPv6 address in lower case, shortened; other texts are unchanged. */
export function shortAddress(text: string): string {
  if (isIP(text) !== 6) return text;
  const [address, ...zone] = text.split('%');
  return [new URL(`http://[${address}]`).hostname.slice(1, -1), ...zone].join('%');
}

/** Whether an address, in any form, is reachable only from the same host. */
export function isLoopback(text: string): boolean {
  const ip = readIp(text);
  return ip?.family === 4 ? ip.text.startsWith('127.') : ip?.text === '::1';
}

/** Whether an address, in any form, stands for all addresses of the host. */
export function isAnyAddress(text: string): boolean {
  const plain = readIp(text)?.text;
  return plain === '0.0.0.0' || plain === '::';
}
