import { quoted } from './problem.ts';
import { accountParser, type Parsed, refuse, wordParser } from './values.ts';

const parseRole = wordParser(['look', 'console', 'operate', 'admin']);
const parseGroup = accountParser('group');

export interface GroupRoleSpec {
  readonly role: 'look' | 'console' | 'operate' | 'admin';
  /** Name or number of a group of the host. */
  readonly group: string;
}

/** `console:students operate:tutors` */
export function parseGroupRoles(text: string): Parsed<readonly GroupRoleSpec[]> {
  const value: GroupRoleSpec[] = [];
  for (const word of text.split(/[ \t]+/).filter(Boolean)) {
    const [before = '', group = '', ...rest] = word.split(':');
    if (group === '' || rest.length > 0)
      return refuse(`${quoted(word)} is not a role and a group`, 'as in console:students');
    const role = parseRole(before);
    if ('cause' in role) return role;
    const parsed = parseGroup(group);
    if ('cause' in parsed) return parsed;
    value.push({ role: role.value, group: parsed.value });
  }
  return { value };
}
