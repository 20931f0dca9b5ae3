import { networkOf } from '../rpc/address.ts';
import { roleAt } from '../rpc/auth/password-file.ts';
import type { Role } from '../rpc/roles.ts';
import type { ActForArgs } from '../rpc/umlmonctrl.gen.ts';
import { readIp } from '../system/ip-address.ts';
import { refused } from './http/answer.ts';
import type { Session } from './login/sessions.ts';

/** For whom umlweb asks a monitor. The monitor gives it the role, or less, and names the person in events and records. */
export interface Identity extends ActForArgs {
  readonly role: Role;
}

/** What all pages see together is what the lowest role may see. */
export const dashboard: Identity = { user: 'dashboard', role: 'look', address: '' };

/**
 * Whoever asks by a session, at a VM. A person is known by the role of the password. A VM that the password does not open is as
 * one that is not there.
 *
 * @param address of the browser, as far as that is known
 * @throws Refused 404
 */
export function identityAt({ grants }: Session, vm: string, address: string): Identity {
  const role = roleAt(grants, vm);
  if (role === null) throw refused(404, vm, 'there is no such VM');
  // The zone of an address has a meaning on one host only.
  const [plain = ''] = address.split('%');
  return { user: role, role, address: readIp(plain)?.text ?? 'unknown' };
}

/** Whose connection may be whose: one for each VM and person. */
export function identityKey(vm: string, { user, role, address }: Identity): string {
  return [vm, user, role, address].join(' ');
}

/** Who it is at all VMs together, for shares. */
export function personKey({ user, address }: Identity): string {
  return `${user}@${networkOf(address)}`;
}
