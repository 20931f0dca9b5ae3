/** Pure. */
import { table } from './idl/markdown.ts';
import { procedureRoles, type Role, roleMeans, roles } from './roles.ts';
import { umlmonctrl } from './umlmonctrl.gen.ts';

/** docs/roles.md: what each role is for, and the lowest role that may call each procedure. */
export function generateRolePage(): { path: string; text: string }[] {
  const called = (role: Role | 'nobody' | 'proxy') =>
    Object.entries(umlmonctrl.procedures)
      .filter(([name]) => procedureRoles[name as keyof typeof procedureRoles] === role)
      .map(([name, { number }]) => `${name} (${number})`)
      .join(', ');
  const text = [
    '# Roles',
    '<!-- Generated from src/rpc/roles.ts by `npm run generate`. -->',
    `Who may call which procedure of the control protocol (*docs/protocol.md*). Each role may also call what those above it
may. Over TCP the password says which role its user has (\`umladmin password\`, umladmin(8)); on the Unix socket root and the user of the
monitor are admin, and members of **group** have what **group\\_roles** of the configuration says, umlmon(5); others have none.`,
    `A proxy says for whom it calls (actFor): root, the user of the monitor and **web\\_user** may do so on the Unix socket, and over
TCP whoever has logged in. The connection then has the role that was asked for, at most that of the proxy, and keeps it; the proxy's
own user counts no more. **web\\_user** has no other role.`,
    `Of answers, those who may not read consoles get no byte of one: not the last lines of an ending, what a start that failed
printed, notes at consoles, or commands of the management console. Kernel arguments and what sounds like a secret is \`***\` for
them.`,
    table(
      ['role', 'may', 'procedures'],
      [
        ['none yet', 'authenticate over TCP', called('nobody')],
        ['of those who may act for others', 'say for whom it calls', called('proxy')],
        ...roles.map((role) => [role, roleMeans[role], called(role)]),
      ],
    ),
    'A call beyond the role of its client is answered with the failure ROLE\\_TOO\\_LOW, and does nothing.',
    '',
  ];
  return [{ path: 'docs/roles.md', text: text.join('\n\n').trimEnd().concat('\n') }];
}
