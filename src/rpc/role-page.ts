/** Pure. */
import { markdownTable } from './idl/markdown.ts';
import { procedureRoles, type Role, roleMeans, roles } from './roles.ts';
import { umlmonctrl } from './umlmonctrl.gen.ts';

/** Prints docs/roles.md: the purpose of each role, and the lowest role that may call each procedure. */
export function generateRolePage(): { path: string; text: string }[] {
  const called = (role: Role | 'nobody' | 'proxy') =>
    Object.entries(umlmonctrl.procedures)
      .filter(([name]) => procedureRoles[name as keyof typeof procedureRoles] === role)
      .map(([name, { number }]) => `${name} (${number})`)
      .join(', ');
  const text = [
    '# Roles',
    '<!-- Generated from src/rpc/roles.ts by `npm run generate`. -->',
    `This page lists the role that each procedure of the control protocol (*docs/protocol.md*) requires. Each role includes
those above it in the table. Over TCP, each password has a role (\`umladmin password\`, umladmin(8)). On the Unix socket,
root and the user of the monitor have the role admin. Members of **group** have the role of **group\\_roles** in the
configuration, umlmon(5); other users have none.`,
    `A proxy calls actFor to act on behalf of a client. On the Unix socket, root, the user of the monitor and **web\\_user** may
do so; over TCP, every authenticated client. The connection then has the requested role, but at most that of the proxy,
and keeps it. The user of the proxy itself no longer counts. **web\\_user** has no other role.`,
    `Clients below the role console get no console output. They get no last lines of an exit record, no output of a failed
start, no notes, and no commands of the management console. Kernel arguments and possible secrets appear as \`***\`.`,
    markdownTable(
      ['role', 'may', 'procedures'],
      [
        ['none yet', 'authenticate over TCP', called('nobody')],
        ['a proxy', 'act on behalf of a client', called('proxy')],
        ...roles.map((role) => [role, roleMeans[role], called(role)]),
      ],
    ),
    'A call that requires a higher role gets the failure ROLE\\_TOO\\_LOW and has no effect.',
    '',
  ];
  return [{ path: 'docs/roles.md', text: text.join('\n\n').trimEnd().concat('\n') }];
}
