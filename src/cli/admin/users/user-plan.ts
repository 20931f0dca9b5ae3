/** What makes a private user for a VM, or removes it. Pure. */
import { type Accounts, findGroup, findUser, isLocalName, sharedGroup } from '../../../jail/accounts.ts';
import { UmlmonError } from '../../../system/errors/errors.ts';

export interface UserRequest {
  readonly vm: string;
  /** What the configuration says, or ''. */
  readonly configured: string;
  /** The users, by name or number, of the other VMs of the configuration. */
  readonly others: ReadonlyMap<string, string>;
  readonly accounts: Accounts;
}

export interface AccountPlan {
  readonly user: string;
  /** Programs of the host with their arguments, in this order; none if all is there. */
  readonly commands: readonly (readonly [program: string, ...args: string[]])[];
  /** Whether an account changes that a kernel may run as. */
  readonly changes: boolean;
}

/** The comment of accounts that umladmin made (passwd(5), GECOS); others are not removed by it. */
const comment = (vm: string): string => `umlmon VM ${vm}`;

/** What useradd(8) takes. */
const nameMax = 32;

/**
 * Plans a user and a group of this VM alone: the configured user, if it is not shared or does not exist.
 * Otherwise it is `uml-VM`. An account that umlmon cannot know to be for VMs only is never changed.
 *
 * @throws UmlmonError JAIL_USER_IN_USE, JAIL_GROUP_SHARED
 */
export function planAccount(request: UserRequest): AccountPlan {
  const { configured, accounts } = request;
  if (configured !== '') {
    const found = findUser(accounts.passwd, configured);
    const isOurs = !usedBy(configured, request);
    if (found && found.uid !== 0 && isOurs && sharedGroup(found, accounts) === undefined)
      return { user: configured, commands: [], changes: false };
    if (isLocalName(configured) && isOurs && (!found || configured.startsWith('uml-')))
      return planNamed(configured, request);
  }
  return planNamed(`uml-${request.vm}`, request);
}

function planNamed(name: string, request: UserRequest): AccountPlan {
  const { vm, accounts } = request;
  const found = findUser(accounts.passwd, name);
  if (name.length > nameMax)
    throw inUse(
      name,
      `its name has more than ${nameMax} characters`,
      `umladmin config set ${vm} vmuser NAME`,
    );
  const other = usedBy(name, request);
  if (other !== undefined)
    throw inUse(name, `it is the user of ${other}`, `give ${other} another one: umladmin user ${other}`);
  if (found?.uid === 0) throw inUse(name, 'it is root', `umladmin config set ${vm} vmuser NAME`);
  const why = found && sharedGroup(found, accounts);
  if (found && why === undefined) return { user: name, commands: [], changes: false };

  const gid = findGroup(accounts.group, name);
  const crowd = gid === undefined ? undefined : sharedGroup({ name, uid: found?.uid ?? -1, gid }, accounts);
  if (crowd !== undefined)
    throw new UmlmonError('JAIL_GROUP_SHARED', {
      place: `user ${name}`,
      cause: crowd,
      hint: `take the others out of the group, or remove it: getent group ${name}`,
    });
  if (found)
    return {
      user: name,
      commands: [
        ...(gid === undefined ? [['groupadd', '--system', name] as const] : []),
        ['usermod', '--gid', name, name],
      ],
      changes: true,
    };
  const group = gid === undefined ? ['--user-group'] : ['--gid', name];
  const shape = ['--no-create-home', '--home-dir', '/nonexistent', '--shell', '/usr/sbin/nologin'];
  return {
    user: name,
    commands: [['useradd', '--system', ...group, ...shape, '--comment', comment(vm), name]],
    changes: false,
  };
}

/**
 * How the user of a VM that umladmin made is removed, with its group; no commands if it is gone.
 *
 * @throws UmlmonError JAIL_USER_IN_USE
 */
export function planRemoval(request: UserRequest): AccountPlan {
  const { vm, configured, accounts } = request;
  const user = configured || `uml-${vm}`;
  const found = findUser(accounts.passwd, user);
  if (!found) return { user, commands: [], changes: false };
  const { name } = found;
  const other = usedBy(name, request) ?? usedBy(String(found.uid), request);
  if (other !== undefined)
    throw inUse(name, `it is also the user of ${other}`, `give ${other} another one: umladmin user ${other}`);
  const gecos = accounts.passwd
    .split('\n')
    .map((line) => line.split(':'))
    .find(([account]) => account === name)?.[4];
  if (gecos !== comment(vm))
    throw inUse(
      name,
      'umladmin has not made it for this VM',
      'if nothing else needs it, userdel(8) removes it',
    );
  return { user: name, commands: [['userdel', name]], changes: true };
}

function usedBy(user: string, { others, accounts }: UserRequest): string | undefined {
  const uidOf = (text: string) => findUser(accounts.passwd, text)?.uid;
  const uid = uidOf(user);
  const known = [...others].find(
    ([, theirs]) => theirs === user || (uid !== undefined && uidOf(theirs) === uid),
  );
  return known?.[0];
}

function inUse(name: string, cause: string, hint: string): UmlmonError {
  return new UmlmonError('JAIL_USER_IN_USE', { place: `user ${name}`, cause, hint });
}
