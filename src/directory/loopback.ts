/** Pure. */
import { createHash } from 'node:crypto';

/**
 * An address within 127.0.0.0/8 that stands for a client, or its network: monitors, which see only connections from their own host when
 * clients come through the redirector, can count failures of one without those of all.
 */
export function loopbackFor(key: string): string {
  const [a = 0, b = 0, c = 0] = createHash('sha256').update(key).digest();
  // Neither the network nor its broadcast address, and never 127.0.0.1 itself, which is everybody on this host.
  return `127.${1 + (a % 254)}.${b}.${1 + (c % 254)}`;
}
