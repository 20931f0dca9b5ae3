import { readFileSync } from 'node:fs';
import { UmlmonError } from '../system/errors/errors.ts';
import { askHost, parseId, type VmUser } from './user.ts';

/** Texts of the form of passwd(5) and group(5). */
export interface Accounts {
  readonly passwd: string;
  readonly group: string;
}

/**
 * Who else is in the primary group of a user, as a cause; undefined if the group is the user's own. It is where nobody
 * has it but the user, and it has the user's name: what has another name was made for something else, as `disk` for
 * devices, and whoever is given to it later does not look here. A number that no group has is nobody else's.
 */
export function sharedGroup({ name, uid, gid }: VmUser, { passwd, group }: Accounts): string | undefined {
  const accounts = accountsIn(passwd);
  // Several accounts may be one user.
  const own = new Set([name, ...accounts.filter((one) => one.uid === uid).map(({ account }) => account)]);
  const entries = linesOf(group).filter(
    ([, , gidText]) => gidText === String(gid) || parseId(gidText) === gid,
  );
  const [title = ''] = entries.find(([called = '']) => !own.has(called)) ?? entries[0] ?? [];
  const its = `its group ${title ? `${title} (gid ${gid})` : gid}`;
  if (gid === 0) return `${its} is that of root`;
  const others = new Set([
    ...accounts.filter((one) => one.gid === gid && one.uid !== uid).map(({ account }) => account),
    ...entries.flatMap(([, , , members = '']) => members.split(',')).filter((member) => member.trim() !== ''),
  ]);
  for (const account of own) others.delete(account);
  if (others.size > 0) {
    const [shown, rest] = [[...others].slice(0, 3).join(', '), others.size - 3];
    return `${its} is also that of ${shown}${rest > 0 ? ` and ${rest} more` : ''}`;
  }
  return entries.every(([called = '']) => own.has(called)) ? undefined : `${its} is not of its own name`;
}

const linesOf = rememberLast((text: string): string[][] => text.split('\n').map((line) => line.split(':')));

const accountsIn = rememberLast((passwd: string) =>
  passwd
    .split('\n')
    .map((line) => line.split(':'))
    .map(([account = '', , uidText, gidText]) => ({ account, uid: parseId(uidText), gid: parseId(gidText) })),
);

/** The result for the last text is remembered: many VMs are looked at with the same files. */
function rememberLast<T>(parse: (text: string) => T): (text: string) => T {
  let last: { readonly text: string; readonly result: T } | undefined;
  return (text) => {
    if (last?.text !== text) last = { text, result: parse(text) };
    return last.result;
  };
}

/**
 * Why the group of a user of this host is not private. Network accounts cannot be listed, so of those only the group's
 * name and its members count (getent(1)).
 */
export async function whyShared(user: VmUser): Promise<string | undefined> {
  const passwd = readFileSync('/etc/passwd', 'utf8');
  const local = readFileSync('/etc/group', 'utf8');
  const isLocal = linesOf(local).some(([, , gidText]) => parseId(gidText) === user.gid);
  return sharedGroup(user, { passwd, group: isLocal ? local : await askHost('group', String(user.gid)) });
}

/**
 * Refuses a user whose group other accounts are in: the jail and the sockets of a VM are open to its group.
 *
 * @throws UmlmonError JAIL_GROUP_SHARED
 */
export async function requirePrivateGroup(user: VmUser, vm: string): Promise<void> {
  const cause = await whyShared(user);
  if (cause === undefined) return;
  const hint = `umladmin user ${vm}`;
  throw new UmlmonError('JAIL_GROUP_SHARED', { place: `user ${user.name}`, cause, hint });
}
