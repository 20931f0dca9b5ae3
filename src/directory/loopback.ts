/** Pure. */
import { createHash } from 'node:crypto';

/**
 * An address in 127.0.0.0/8 for a client or its network. Through the redirector, monitors see only connections from their
 * own host; these addresses let them count failures per client.
 */
export function loopbackFor(key: string): string {
  const [a = 0, b = 0, c = 0] = createHash('sha256').update(key).digest();
  // Neither the network nor its broadcast address, and never 127.0.0.1, which all programs of this host use.
  return `127.${1 + (a % 254)}.${b}.${1 + (c % 254)}`;
}
