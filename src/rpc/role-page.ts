import { table } from './idl/markdown.ts';
import { procedureRoles, type Role, roleMeans, roles } from './roles.ts';
import { umlmonctrl } from './umlmonctrl.gen.ts';

/** docs/roles.md: what each role is for, and the lowest role that may call each procedure. */
export function generateRolePage(): { path: string; text: string }[] {
  const called = (role: Role | 'nobody') =>
    Object.entries(umlmonctrl.procedures)
      .filter(([name]) => procedureRoles[name as keyof typeof procedureRoles] === role)
      .map(([name, { number }]) => `${name} (${number})`)
      .join(', ');
  const text = [
    '# Roles',
    '<!-- Generated from src/rpc/roles.ts by `npm run generate`. -->',
    `Who may call which procedure of the control protocol (*docs/protocol.md*). Each role may also call what those above it
may. Over TCP the password says which role its user has (\`umladmin password\`, umladmin(8)); on the Unix socket root and the user of the
monitor are admin, and members of **group** have what **group\\_roles** of the configuration says, umlmon(5).`,
    table(
      ['role', 'may', 'procedures'],
      [
        ['none yet', 'authenticate over TCP', called('nobody')],
        ...roles.map((role) => [role, roleMeans[role], called(role)]),
      ],
    ),
    'A call beyond the role of its client is answered with the failure ROLE\\_TOO\\_LOW, and does nothing.',
    '',
  ];
  return [{ path: 'docs/roles.md', text: text.join('\n\n').trimEnd().concat('\n') }];
}
