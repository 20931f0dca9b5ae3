/** Pure. */
import type { Behalf } from '../../rpc/codec/program.ts';
import { isRole, lowerRole, type Role } from '../../rpc/roles.ts';
import type { ActForArgs } from '../../rpc/umlmonctrl.gen.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import { readIp } from '../../system/ip-address.ts';

/**
 * For whom a proxy calls, checked: who may do so up to `ceiling` gets what was asked for, or less. The names come from the proxy,
 * so events and records always name the proxy.
 *
 * @param ceiling null: it may not call for others
 * @param via the proxy, for events and records
 * @throws UmlmonError ACT_FOR_REFUSED
 */
export function behalfOf(
  { user, role, address }: ActForArgs,
  ceiling: Role | null,
  via: string,
): Behalf & { readonly role: Role } {
  if (ceiling === null)
    throw refusal(
      `${via} may not call for others`,
      'on the host that is for root, the user of the monitor, and web_user of umlmon(5)',
    );
  if (!isRole(role)) throw refusal('this is not a role', 'docs/roles.md lists them');
  if (!/^[\w.:*-]{1,64}$/.test(user))
    throw refusal('the name has characters other than letters, digits and .:*_-');
  const plain = address === '' || address === 'unknown' ? address : readIp(address)?.text;
  if (plain === undefined) throw refusal('the address is not an IP address', 'it may be “unknown”, or empty');
  return { user, address: plain, role: lowerRole(ceiling, role), via };
}

/** `NAME@ADDRESS via PROXY`, for events and records. */
export function behalfText({ user, address, via }: Behalf): string {
  return `${user}${address && `@${address}`} via ${via}`;
}

export function refusal(cause: string, hint = ''): UmlmonError {
  return new UmlmonError('ACT_FOR_REFUSED', { place: 'actFor', cause, hint });
}
