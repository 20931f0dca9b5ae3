import type { Config } from '../../config/config.ts';
import type { ReadConfig } from '../../config/file/locate.ts';
import { webGroup } from '../../jail/user.ts';
import {
  allVms,
  checkPassword,
  type Grant,
  type Passwords,
  readPasswords,
  removePasswords,
  setPassword,
} from '../../rpc/auth/password-file.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import { firstLine } from '../../system/text.ts';
import type { ArgumentValues } from '../commands/argument-kinds.ts';
import { print } from '../print/output.ts';
import { rows, timeText } from '../print/render.ts';
import { askSecret } from '../remote/ask-secret.ts';
import { readSmall } from '../remote/find-password.ts';
import { requireSection } from './host.ts';
import { recordChange } from './record-change.ts';

interface PasswordCommand {
  readonly options: ReadonlySet<string>;
  readonly values: ArgumentValues;
}

interface PasswordContext {
  readonly loaded: ReadConfig;
  readonly config: Config;
  readonly json: boolean;
}

/** `umladmin password [VM] [-role ROLE] [-remove | -list]`. Errors: PASSWORD_*, USAGE, CONFIG_NO_VM. */
export async function runAdminPassword(
  { options, values }: PasswordCommand,
  { loaded, config, json }: PasswordContext,
): Promise<void> {
  const { vardir, web_user } = config.global;
  const readers = await webGroup(web_user);
  const { VM: vm = allVms, ROLE } = values;
  if (options.has('list')) return listPasswords(readPasswords(vardir, readers), values, json);
  const named = vm === allVms ? 'all VMs' : vm;
  if (options.has('remove')) {
    const removed = await removePasswords(vardir, vm, ROLE, readers);
    recordChange(vardir, 'password', `removed ${named}: ${removed.map(({ role }) => role).join(', ')}`);
    const roles = removed.map(({ role }) => role).join(', ');
    return print(json ? JSON.stringify({ removed }) : `${named}: removed ${roles}`);
  }
  // A password may be set before its VM runs, but not for a name without a section.
  if (vm !== allVms) requireSection(vm, loaded);
  const grant: Grant = { vm, role: ROLE ?? 'admin' };
  await setPassword(vardir, grant, await newPassword(`${grant.role} password for ${named}`), readers);
  recordChange(vardir, 'password', `set ${named}: ${grant.role}`);
  await print(json ? JSON.stringify({ set: grant }) : `${named}: the ${grant.role} password is set`);
}

/** Passwords are never shown: only their hashes are stored. */
async function listPasswords(
  known: Passwords | undefined,
  { VM, ROLE }: ArgumentValues,
  json: boolean,
): Promise<void> {
  const passwords = (known?.list ?? [])
    .filter(({ vm, role }) => (VM ?? vm) === vm && (ROLE ?? role) === role)
    .map(({ vm, role, changed }) => ({ vm, role, changed }))
    .sort((a, b) => a.vm.localeCompare(b.vm) || a.role.localeCompare(b.role));
  if (json) return print(JSON.stringify({ passwords }));
  if (passwords.length === 0) return print('no password is set');
  await print(rows(passwords.map(({ vm, role, changed }) => [vm, role, timeText(changed)])).join('\n'));
}

/** Typed twice on a terminal, or the first line of what comes through a pipe. */
async function newPassword(question: string): Promise<string> {
  if (!process.stdin.isTTY) {
    const password = firstLine(await readSmall(process.stdin));
    checkPassword(password);
    return password;
  }
  const password = (await askSecret(`new ${question}: `)) ?? '';
  checkPassword(password);
  if ((await askSecret('again: ')) === password) return password;
  throw new UmlmonError('PASSWORD_BAD', { place: 'password', cause: 'the two passwords differ' });
}
