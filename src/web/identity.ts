import { networkOf } from '../rpc/address.ts';
import { roleAt } from '../rpc/auth/password-file.ts';
import type { Role } from '../rpc/roles.ts';
import type { ActForArgs } from '../rpc/umlmonctrl.gen.ts';
import { readIp } from '../system/ip-address.ts';
import { refused } from './http/answer.ts';
import type { Session } from './login/sessions.ts';

/** The user for whom umlweb calls a monitor. The monitor grants at most this role, and records the name in events. */
export interface Identity extends ActForArgs {
  readonly role: Role;
}

/** What all pages see together is what the lowest role may see. */
export const dashboardIdentity: Identity = { user: 'dashboard', role: 'view', address: '' };

/**
 * The user of a session, at a VM. A user is identified by the role of the password. A VM that the password does not open
 * is treated as missing.
 *
 * @param address of the browser, as far as that is known
 * @throws Refused 404
 */
export function identityAt({ grants }: Session, vm: string, address: string): Identity {
  const role = roleAt(grants, vm);
  if (role === null) throw refused(404, vm, 'the VM does not exist');
  // The zone of an address has a meaning on one host only.
  const [plain = ''] = address.split('%');
  return { user: role, role, address: readIp(plain)?.text ?? 'unknown' };
}

/** The key for sharing connections: one for each VM and user. */
export function identityKey(vm: string, { user, role, address }: Identity): string {
  return [vm, user, role, address].join(' ');
}

/** Who it is at all VMs together, for shares. */
export function personKey({ user, address }: Identity): string {
  return `${user}@${networkOf(address)}`;
}
