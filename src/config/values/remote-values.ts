import { isIP } from 'node:net';
import { quoted } from '../problem.ts';
import { accountParser, type ParsedValue, parseBoolean, refuse, wordParser } from './values.ts';

/** Whether and how the monitor listens on TCP. */
export type TcpChoice = 'off' | 'tls' | 'plain';

/** `true`, `false`, or `plain`. */
export function parseTcp(text: string): ParsedValue<TcpChoice> {
  if (text === 'plain') return { value: 'plain' };
  const parsed = parseBoolean(text);
  if ('value' in parsed) return { value: parsed.value ? 'tls' : 'off' };
  return refuse(`${quoted(text)} is not one of true, false, plain`);
}

/** An IP address of the host. */
export function parseListenAddress(text: string): ParsedValue<string> {
  if (isIP(text)) return { value: text };
  return refuse(`${quoted(text)} is not an IP address`, 'as in 127.0.0.1, 0.0.0.0, ::');
}

const parseRole = wordParser(['view', 'console', 'operate', 'admin']);
const parseGroup = accountParser('group');

export interface GroupRoleSpec {
  readonly role: 'view' | 'console' | 'operate' | 'admin';
  /** Name or number of a group of the host. */
  readonly group: string;
}

/** A role and a group, which has blanks only in quotes. */
const roleAndGroup = /^([^\s:]+):(?:"([^":]+)"|'([^':]+)'|([^\s:"']+))(?=[ \t]|$)/;

/** `console:students operate:"domain users"` */
export function parseGroupRoles(text: string): ParsedValue<readonly GroupRoleSpec[]> {
  const value: GroupRoleSpec[] = [];
  for (let rest = text.trim(); rest !== ''; ) {
    const [word, before = '', ...groups] = roleAndGroup.exec(rest) ?? [];
    const group = groups.find((one) => one !== undefined) ?? '';
    if (word === undefined)
      return refuse(
        `${quoted(rest.split(/[ \t]/)[0] ?? '')} is not ROLE:GROUP`,
        'as in console:students, or console:"domain users"',
      );
    rest = rest.slice(word.length).trim();
    const role = parseRole(before);
    if ('cause' in role) return role;
    const parsed = parseGroup(group);
    if ('cause' in parsed) return parsed;
    value.push({ role: role.value, group: parsed.value });
  }
  return { value };
}
