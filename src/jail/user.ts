/** Users and groups of the host. */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { toolEnvironment } from '../system/environment.ts';
import { UmlmonError } from '../system/errors.ts';
import { locateProgram } from '../system/find-program.ts';

export interface VmUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** (uid_t) -1 means "no change" to the system calls. */
const ID_MAX = 0xffff_fffe;

/**
 * Looks a user up by name or number: in /etc/passwd, then with getent(1), which knows network users too.
 *
 * @throws UmlmonError JAIL_USER_ROOT, JAIL_USER_UNKNOWN
 */
export function resolveUser(nameOrNumber: string): VmUser {
  const user =
    findUser(readFileSync('/etc/passwd', 'utf8'), nameOrNumber) ??
    findUser(askHost('passwd', nameOrNumber), nameOrNumber);
  const place = `user ${nameOrNumber}`;
  if (!user) {
    const isNumber = /^\d+$/.test(nameOrNumber);
    const who = isNumber ? `--uid ${nameOrNumber} uml-${nameOrNumber}` : nameOrNumber || 'NAME';
    const hint = `useradd --system --user-group --shell /usr/sbin/nologin ${who}`;
    throw new UmlmonError('JAIL_USER_UNKNOWN', { place, cause: 'the host has no such user', hint });
  }
  if (user.uid === 0) {
    const hint = 'name an unprivileged user, best one that nothing else uses';
    throw new UmlmonError('JAIL_USER_ROOT', { place, cause: `${user.name} is root (uid 0)`, hint });
  }
  return user;
}

/**
 * The account of umlweb, by name or number, if /etc/passwd has it. Root is none: it may do everything anyway.
 */
export function webUser(nameOrNumber: string): VmUser | undefined {
  const user = nameOrNumber === '' ? undefined : findUser(readFileSync('/etc/passwd', 'utf8'), nameOrNumber);
  return user?.uid === 0 ? undefined : user;
}

/**
 * The group of umlweb's account, if it is nobody else's: files that umlweb reads may belong to it. Network accounts, which
 * /etc/passwd does not tell of, are not known here.
 */
export function webGroup(nameOrNumber: string): number | undefined {
  const user = webUser(nameOrNumber);
  if (!user || user.gid === 0) return undefined;
  const others = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .some(([name, , , gid]) => gid === String(user.gid) && name !== user.name);
  const members = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([, , gid]) => gid === String(user.gid))?.[3]
    ?.split(',')
    .filter((name) => name !== '' && name !== user.name);
  return others || (members?.length ?? 0) > 0 ? undefined : user.gid;
}

/** The user of this process; one without an account is named by its number. */
export function ownUser(): VmUser {
  const uid = process.geteuid?.() ?? 0;
  const gid = process.getegid?.() ?? 0;
  return { name: findUser(readFileSync('/etc/passwd', 'utf8'), String(uid))?.name ?? String(uid), uid, gid };
}

/** The entry of a name or number in text of the form of passwd(5). */
export function findUser(passwd: string, nameOrNumber: string): VmUser | undefined {
  for (const line of passwd.split('\n')) {
    const [name, , uidText, gidText] = line.split(':');
    if (name !== nameOrNumber && uidText !== nameOrNumber) continue;
    const uid = parseId(uidText);
    const gid = parseId(gidText);
    if (name && uid !== undefined && gid !== undefined) return { name, uid, gid };
  }
  return undefined;
}

/** A uid or gid in text of these forms. */
export function parseId(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) && Number(text) <= ID_MAX ? Number(text) : undefined;
}

/**
 * Looks a group up by name or number, as resolveUser does.
 *
 * @returns its gid
 * @throws UmlmonError JAIL_GROUP_UNKNOWN
 */
export function resolveGroup(nameOrNumber: string): number {
  const gid =
    findGroup(readFileSync('/etc/group', 'utf8'), nameOrNumber) ??
    findGroup(askHost('group', nameOrNumber), nameOrNumber);
  if (gid !== undefined) return gid;
  const hint = `addgroup --system ${/^\d*$/.test(nameOrNumber) ? 'NAME' : nameOrNumber}`;
  throw new UmlmonError('JAIL_GROUP_UNKNOWN', {
    place: `group ${nameOrNumber}`,
    cause: 'the host has no such group',
    hint,
  });
}

/** The gid of a name or number in text of the form of group(5). */
export function findGroup(groups: string, nameOrNumber: string): number | undefined {
  for (const line of groups.split('\n')) {
    const [name, , gidText] = line.split(':');
    const gid = parseId(gidText);
    if (name && gid !== undefined && (name === nameOrNumber || gidText === nameOrNumber)) return gid;
  }
  return undefined;
}

/** The entry of a name or number in a database of the host (getent(1)); empty if there is none. */
export function askHost(database: 'passwd' | 'group', nameOrNumber: string): string {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.@\\-]*\$?$/.test(nameOrNumber)) return '';
  const program = locateProgram('getent');
  if (program === undefined) return '';
  const getent = spawnSync(program, [database, '--', nameOrNumber], {
    encoding: 'utf8',
    timeout: 10_000,
    env: toolEnvironment,
  });
  return getent.status === 0 ? getent.stdout : '';
}
