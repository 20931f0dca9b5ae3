/** Users and groups in texts of the form of passwd(5) and group(5). Pure. */

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** (uid_t) -1 means "no change" to the system calls. */
const ID_MAX = 0xffff_fffe;

/** The entry of a name, or else of a number, in text of the form of passwd(5). */
export function findUser(passwd: string, nameOrNumber: string): Account | undefined {
  const lines = passwd.split('\n').map((line) => line.split(':'));
  const named = lines.filter(([name]) => name === nameOrNumber);
  const numbered = lines.filter(([, , uidText]) => uidText === nameOrNumber);
  for (const line of [...named, ...numbered]) {
    const user = userIn(line);
    if (user) return user;
  }
  return undefined;
}

/** The account that the fields of a line of passwd(5) describe. */
export function userIn([name, , uidText, gidText]: readonly string[]): Account | undefined {
  const uid = parseId(uidText);
  const gid = parseId(gidText);
  return name && uid !== undefined && gid !== undefined ? { name, uid, gid } : undefined;
}

/** A uid or gid in text of these forms. */
export function parseId(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) && Number(text) <= ID_MAX ? Number(text) : undefined;
}

/** The gid of a name, or else of a number, in text of the form of group(5). */
export function findGroup(groups: string, nameOrNumber: string): number | undefined {
  const lines = groups.split('\n').map((line) => line.split(':'));
  const named = lines.filter(([name]) => name === nameOrNumber);
  const numbered = lines.filter(([name, , gidText]) => name && gidText === nameOrNumber);
  const gids = nameOrNumber === '' ? [] : [...named, ...numbered].map(([, , gidText]) => parseId(gidText));
  return gids.find((gid) => gid !== undefined);
}

/** useradd(8) takes only some of the names that other sources of accounts have. */
export function isLocalName(name: string): boolean {
  return /^[a-zA-Z_][a-zA-Z0-9_.-]{0,31}\$?$/.test(name);
}

/** Whether a name is the number of a user or group. */
export function isNumber(text: string): boolean {
  return /^\d+$/.test(text);
}

/** Texts of the form of passwd(5) and group(5). */
export interface Accounts {
  readonly passwd: string;
  readonly group: string;
}

/**
 * Who else is in the primary group of a user, as a cause; undefined if the group is the user's own. A group is the
 * user's own if it has no other member and has the user's name. A group of another name has another purpose, as `disk`
 * for devices: it may get members later. A number that no group has is the user's own.
 */
export function sharedGroup({ name, uid, gid }: Account, { passwd, group }: Accounts): string | undefined {
  const accounts = accountsIn(passwd);
  // Several accounts may be one user.
  const own = new Set([name, ...accounts.filter((one) => one.uid === uid).map(({ account }) => account)]);
  const entries = accountLines(group).filter(
    ([, , gidText]) => gidText === String(gid) || parseId(gidText) === gid,
  );
  const [title = ''] = entries.find(([called = '']) => !own.has(called)) ?? entries[0] ?? [];
  const its = `its group ${title ? `${title} (gid ${gid})` : gid}`;
  if (gid === 0) return `${its} is the group of root`;
  const others = new Set([
    ...accounts.filter((one) => one.gid === gid && one.uid !== uid).map(({ account }) => account),
    ...entries.flatMap(([, , , members = '']) => members.split(',')).filter((member) => member.trim() !== ''),
  ]);
  for (const account of own) others.delete(account);
  if (others.size > 0) {
    const [shown, rest] = [[...others].slice(0, 3).join(', '), others.size - 3];
    return `${its} is also the group of ${shown}${rest > 0 ? ` and ${rest} more` : ''}`;
  }
  return entries.every(([called = '']) => own.has(called))
    ? undefined
    : `${its} does not have the name of the user`;
}

export const accountLines = rememberLast((text: string): string[][] =>
  text.split('\n').map((line) => line.split(':')),
);

const accountsIn = rememberLast((passwd: string) =>
  passwd
    .split('\n')
    .map((line) => line.split(':'))
    .map(([account = '', , uidText, gidText]) => ({ account, uid: parseId(uidText), gid: parseId(gidText) })),
);

/** The result for the last text is remembered: many VMs are checked with the same files. */
function rememberLast<T>(parse: (text: string) => T): (text: string) => T {
  let last: { readonly text: string; readonly result: T } | undefined;
  return (text) => {
    if (last?.text !== text) last = { text, result: parse(text) };
    return last.result;
  };
}
