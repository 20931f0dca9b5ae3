/** Users and groups of the host. */

import { readFileSync } from 'node:fs';
import { isAccountName } from '../config/values/account-name.ts';
import { UmlmonError } from '../system/errors/errors.ts';
import { jailLimits } from '../system/limits/limits.ts';
import { locateProgram } from '../system/processes/find-program.ts';
import { type CommandResult, runHostCommand } from '../system/processes/host-command.ts';
import { findGroup, findUser, isLocalName, isNumber, parseId, userIn } from './accounts.ts';
import { whyUnmapped } from './id-map.ts';

export interface VmUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** The entry of a name or number in a database of the host; '' if it has none. */
export type AskAccounts = (database: 'passwd' | 'group', nameOrNumber: string) => Promise<string>;

/**
 * Finds a user by name or number: in /etc/passwd, then with getent(1), which asks all sources of nsswitch.conf(5). A
 * name is any text that the host knows: `bug@corp.example`, `CORP\\bug`, with blanks.
 *
 * @param ask the lookup, for a caller that has asked for many users at once
 * @throws UmlmonError JAIL_USER_ROOT, JAIL_USER_UNKNOWN
 */
export async function resolveUser(nameOrNumber: string, ask: AskAccounts = askHost): Promise<VmUser> {
  const user = await lookUpUser(nameOrNumber, ask);
  const place = `user ${nameOrNumber}`;
  if (!user)
    throw new UmlmonError('JAIL_USER_UNKNOWN', {
      place,
      cause: 'the user does not exist on the host',
      hint: makeUserHint(nameOrNumber),
    });
  if (user.uid === 0) {
    const hint = 'choose an unprivileged user that nothing else uses';
    throw new UmlmonError('JAIL_USER_ROOT', { place, cause: `${user.name} is root (uid 0)`, hint });
  }
  const unmapped = whyUnmapped('uid', user.uid) ?? whyUnmapped('gid', user.gid);
  if (unmapped !== undefined)
    throw new UmlmonError('JAIL_USER_UNKNOWN', {
      place,
      cause: unmapped,
      hint: 'choose a user with numbers in that range; subuid(5) and subgid(5) set it for rootless containers',
    });
  return user;
}

/** The same, without errors; undefined if the host has no such user. */
async function lookUpUser(nameOrNumber: string, ask: AskAccounts = askHost): Promise<VmUser | undefined> {
  const local = findUser(readFileSync('/etc/passwd', 'utf8'), nameOrNumber);
  return local ?? firstUser(await ask('passwd', nameOrNumber));
}

function makeUserHint(nameOrNumber: string): string {
  const make = 'useradd --system --user-group --shell /usr/sbin/nologin';
  if (isNumber(nameOrNumber)) return `${make} --uid ${nameOrNumber} uml-${nameOrNumber}`;
  if (isLocalName(nameOrNumber)) return `${make} ${nameOrNumber}`;
  return nameOrNumber === '' ? `${make} NAME` : `list the users of the host: getent passwd`;
}

/** The account of umlweb, by name or number, if the host has it. Root does not count: it may do everything anyway. */
export async function webUser(nameOrNumber: string, ask: AskAccounts = askHost): Promise<VmUser | undefined> {
  const user = nameOrNumber === '' ? undefined : await lookUpUser(nameOrNumber, ask);
  return user?.uid === 0 ? undefined : user;
}

/** The group of umlweb's account, by its name or number, as `groupOfWeb`. */
export async function webGroup(nameOrNumber: string): Promise<number | undefined> {
  return groupOfWeb(await webUser(nameOrNumber));
}

/**
 * The group of umlweb's account, if it is private: files that umlweb reads may belong to it. Network accounts cannot be
 * listed: for them only the members of the group are checked.
 */
export async function groupOfWeb(
  user: VmUser | undefined,
  ask: AskAccounts = askHost,
): Promise<number | undefined> {
  if (!user || user.gid === 0) return undefined;
  const entries = (text: string) => text.split('\n').map((line) => line.split(':'));
  const others = entries(readFileSync('/etc/passwd', 'utf8')).some(
    ([name, , , gid]) => gid === String(user.gid) && name !== user.name,
  );
  const ofGroup = (text: string) => entries(text).find(([, , gid]) => gid === String(user.gid));
  const group = ofGroup(readFileSync('/etc/group', 'utf8')) ?? ofGroup(await ask('group', String(user.gid)));
  const members = group?.[3]?.split(',').filter((name) => name !== '' && name !== user.name);
  return others || (members?.length ?? 0) > 0 ? undefined : user.gid;
}

/** The user of this process; one without an account is named by its number. */
export function ownUser(): VmUser {
  const uid = process.geteuid?.() ?? 0;
  const gid = process.getegid?.() ?? 0;
  return { name: findUser(readFileSync('/etc/passwd', 'utf8'), String(uid))?.name ?? String(uid), uid, gid };
}

/** The entry that getent(1) has answered. Its name may be spelled in another way than in the question. */
function firstUser(answer: string): VmUser | undefined {
  const [line = ''] = answer.split('\n');
  return userIn(line.split(':'));
}

/**
 * Finds a group by name or number, as resolveUser does.
 *
 * @returns its gid
 * @throws UmlmonError JAIL_GROUP_UNKNOWN
 */
export async function resolveGroup(nameOrNumber: string): Promise<number> {
  const gid =
    findGroup(readFileSync('/etc/group', 'utf8'), nameOrNumber) ??
    parseId((await askHost('group', nameOrNumber)).split('\n')[0]?.split(':')[2]);
  const place = `group ${nameOrNumber}`;
  const unmapped = gid === undefined ? undefined : whyUnmapped('gid', gid);
  if (unmapped !== undefined)
    throw new UmlmonError('JAIL_GROUP_UNKNOWN', {
      place,
      cause: unmapped,
      hint: 'choose a group with a number in that range',
    });
  if (gid !== undefined) return gid;
  throw new UmlmonError('JAIL_GROUP_UNKNOWN', {
    place,
    cause: 'the group does not exist on the host',
    hint: makeGroupHint(nameOrNumber),
  });
}

function makeGroupHint(nameOrNumber: string): string {
  if (isNumber(nameOrNumber)) return `addgroup --system --gid ${nameOrNumber} NAME`;
  if (isLocalName(nameOrNumber)) return `addgroup --system ${nameOrNumber}`;
  return nameOrNumber === '' ? 'addgroup --system NAME' : 'list the groups of the host: getent group';
}

/**
 * The entry of a name or number in a database of the host (getent(1)); empty if not found. For a name, the host decides
 * which spellings are the same.
 */
export async function askHost(database: 'passwd' | 'group', nameOrNumber: string): Promise<string> {
  if (!mayAsk(nameOrNumber)) return '';
  const { status, stdout } = await runGetent(database, [nameOrNumber]);
  return status === 0 ? stdout : '';
}

/** Status 2: the database lacks some of the names. Without getent(1) the status is undefined. */
export async function runGetent(
  database: 'passwd' | 'group',
  names: readonly string[],
): Promise<Pick<CommandResult, 'status' | 'stdout'>> {
  const program = locateProgram('getent');
  if (program === undefined) return { status: undefined, stdout: '' };
  return runHostCommand({ program, args: [database, '--', ...names], timeMs: jailLimits.accountTime });
}

/** Whether getent(1) can be asked for this. A number out of range would come back as another one. */
export function mayAsk(nameOrNumber: string): boolean {
  return isAccountName(nameOrNumber) && (!isNumber(nameOrNumber) || parseId(nameOrNumber) !== undefined);
}
