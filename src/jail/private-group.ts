import { readFileSync } from 'node:fs';
import { UmlmonError } from '../system/errors/errors.ts';
import { accountLines, parseId, sharedGroup } from './accounts.ts';
import { askHost, type VmUser } from './user.ts';

/**
 * Why the group of a user of this host is not private. Network accounts cannot be listed, so of those only the group's
 * name and its members count (getent(1)).
 */
export async function whyShared(user: VmUser): Promise<string | undefined> {
  const passwd = readFileSync('/etc/passwd', 'utf8');
  const local = readFileSync('/etc/group', 'utf8');
  const isLocal = accountLines(local).some(([, , gidText]) => parseId(gidText) === user.gid);
  return sharedGroup(user, { passwd, group: isLocal ? local : await askHost('group', String(user.gid)) });
}

/**
 * Files that the group of a VM can use, such as its jail and its sockets, must not be usable by other users.
 *
 * @throws UmlmonError JAIL_GROUP_SHARED
 */
export async function requirePrivateGroup(user: VmUser, vm: string): Promise<void> {
  const cause = await whyShared(user);
  if (cause === undefined) return;
  const hint = `umladmin user ${vm}`;
  throw new UmlmonError('JAIL_GROUP_SHARED', { place: `user ${user.name}`, cause, hint });
}
