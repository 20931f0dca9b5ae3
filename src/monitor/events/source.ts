/** Pure. */
import { networkOf } from '../../rpc/address.ts';
import type { EventKind } from './kinds.ts';

/** The source of an event: a user, the network of an address, or else its kind. */
export function sourceOf(kind: EventKind, attributes: Readonly<Record<string, string | number>>): string {
  const by = String(attributes.by ?? attributes.address ?? '');
  // `admin at 192.0.2.1`: whatever its role.
  const [, address = by] = /(?:^| at )([\da-f.:]{2,45})(?:%\w+)?$/i.exec(by) ?? [];
  // `look@2001:db8::7 via umlweb`: a host may have many addresses of its network.
  const [, user, person = '', via] = /^([^@]+)@([\da-f.:]{2,45}) via (\S+)$/i.exec(by) ?? [];
  if (user !== undefined) return `${user}@${networkOf(person)} via ${via}`;
  return by === '' ? kind : networkOf(address);
}
