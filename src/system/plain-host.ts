/** Pure. */
import { readIp } from './ip-address.ts';

/**
 * The text by which hosts are compared: an address as `readIp` has it; a name in small letters and without the dot of the root
 * (RFC 4343, RFC 1034 section 3.1). What is connected to is the text as it was given: a resolver searches other domains for a
 * name without the dot.
 */
export function plainHost(text: string): string {
  return readIp(text)?.text ?? text.toLowerCase().replace(/\.$/, '');
}
