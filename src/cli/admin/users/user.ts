import { existsSync, readFileSync } from 'node:fs';
import { requireVm } from '../../../config/config.ts';
import { editConfig } from '../../../config/file/edit-config.ts';
import { findGroup, findUser } from '../../../jail/accounts.ts';
import { askHost } from '../../../jail/user.ts';
import { UmlmonError } from '../../../system/errors/errors.ts';
import { heldLock } from '../../../system/files/held-lock.ts';
import { adminLimits } from '../../../system/limits/limits.ts';
import { findProgram } from '../../../system/processes/find-program.ts';
import { requireHostCommand } from '../../../system/processes/host-command.ts';
import { systemPath } from '../../../system/processes/system-path.ts';
import { shellWord } from '../../../system/shell-word.ts';
import type { ArgumentValues } from '../../commands/argument-kinds.ts';
import { print } from '../../print/output.ts';
import { type AdminHost, connectTo, layoutIn, requireSection } from '../host.ts';
import { type AccountPlan, planAccount, planRemoval, type UserRequest } from './user-plan.ts';

export interface AdminUser {
  readonly options: ReadonlySet<string>;
  readonly values: ArgumentValues;
}

/**
 * `umladmin user VM [-remove] [-n]`. Errors: CONFIG_*, JAIL_USER_IN_USE, JAIL_GROUP_SHARED, VM_ALIVE, HOST_COMMAND,
 * HOST_PROGRAM_MISSING.
 */
export async function runAdminUser({ options, values }: AdminUser, host: AdminHost): Promise<void> {
  const { VM: vm = '' } = values;
  requireSection(vm, host.loaded);
  if (options.has('remove')) return removeUser(vm, options.has('n'), host);
  const request = await requestFor(vm, host);
  const plan = planAccount(request);
  const setting = plan.user === request.configured ? undefined : ['config', 'set', vm, 'vmuser', plan.user];
  if (options.has('n')) return printCommands(plan, setting, host.json);
  if (plan.commands.length > 0) requireRoot();
  if (plan.changes) await requireDown(vm, host);
  await execute(plan);
  const edited = setting && (await editConfig(host.request, { section: vm, key: 'vmuser' }, plan.user));
  const { uid, gid } = findUser((await accountsOf([plan.user])).passwd, plan.user) ?? { uid: -1, gid: -1 };
  const did = plan.changes ? 'changed' : plan.commands.length > 0 ? 'made' : 'untouched';
  if (host.json)
    return print(JSON.stringify({ vm, did, user: plan.user, uid, gid, file: edited?.file ?? '' }));
  const done = {
    changed: 'has a group of its own now',
    made: 'was made, with a group of its own',
    untouched: 'is there, with a group of its own',
  };
  const written = edited ? `; vmuser is written to ${edited.file}` : '';
  await print(`${vm}: user ${plan.user} (uid ${uid}, gid ${gid}) ${done[did]}${written}`);
}

async function removeUser(vm: string, dryRun: boolean, host: AdminHost): Promise<void> {
  const plan = planRemoval(await requestFor(vm, host));
  if (dryRun) return printCommands(plan, undefined, host.json);
  if (plan.commands.length > 0) {
    requireRoot();
    await requireDown(vm, host);
    requireNoFiles(vm, plan.user, host);
    await execute(plan);
    // userdel(8) leaves the group if login.defs(5) is set so.
    if (findGroup((await accountsOf()).group, plan.user) !== undefined) await run('groupdel', [plan.user]);
  }
  const did = plan.commands.length > 0 ? 'removed' : 'untouched';
  const text = did === 'removed' ? 'was removed, with its group' : 'is not there';
  await print(host.json ? JSON.stringify({ vm, did, user: plan.user }) : `${vm}: user ${plan.user} ${text}`);
}

async function requestFor(vm: string, { loaded, config }: AdminHost): Promise<UserRequest> {
  const others = [...config.vms].filter(([name, { vmuser }]) => name !== vm && vmuser !== '');
  // A section that has no user, or an impossible one, is the one to repair.
  const isOpen = loaded.broken.get(vm)?.some(({ key }) => key === 'vmuser');
  const configured = isOpen ? '' : requireVm(loaded, vm).vm.vmuser;
  return {
    vm,
    configured,
    others: new Map(others.map(([name, { vmuser }]) => [name, vmuser])),
    accounts: await accountsOf([configured, ...others.map(([, { vmuser }]) => vmuser)]),
  };
}

/** The local accounts, and of `names` those too that come from elsewhere (getent(1)). */
async function accountsOf(names: readonly string[] = []): Promise<UserRequest['accounts']> {
  const passwd = readFileSync('/etc/passwd', 'utf8');
  const group = readFileSync('/etc/group', 'utf8');
  const entries = [...new Set(names)].map(async (name) => {
    const entry = findUser(passwd, name) ? '' : (await askHost('passwd', name)).split('\n', 1).join('');
    // Under the name that the configuration has, too: the host may spell it in another way.
    return entry === '' ? [] : [entry, [name, ...entry.split(':').slice(1)].join(':')];
  });
  const elsewhere = (await Promise.all(entries)).flat();
  const groups = await Promise.all(elsewhere.map((entry) => askHost('group', entry.split(':')[3] ?? '')));
  return { passwd: [passwd, ...elsewhere].join('\n'), group: [group, ...groups].join('\n') };
}

async function printCommands(
  { user, commands }: AccountPlan,
  setting: readonly string[] | undefined,
  json: boolean,
): Promise<void> {
  const all = [...commands, ...(setting ? [['umladmin', ...setting]] : [])];
  if (json) return print(JSON.stringify({ user, commands: all }));
  await print(
    all.length > 0 ? all.map((words) => words.map(shellWord).join(' ')).join('\n') : 'nothing to do',
  );
}

function requireRoot(): void {
  if (process.geteuid?.() === 0) return;
  throw new UmlmonError('HOST_COMMAND', {
    place: 'umladmin user',
    cause: 'only root can make, change and remove users',
    hint: 'without root, VMs run as your own user and need no vmuser',
  });
}

/** The kernel of a VM keeps the ids that it was started with. Errors: VM_ALIVE. */
async function requireDown(vm: string, { config }: AdminHost): Promise<void> {
  const client = await connectTo(config, vm);
  client?.close();
  if (client === undefined && !heldLock(layoutIn(config, vm).vmLock)) return;
  const cause = client ? 'its monitor runs' : 'its kernel runs';
  throw new UmlmonError('VM_ALIVE', { place: vm, cause, hint: `umladmin stop ${vm}` });
}

/** Who gets the numbers next would own what they are on. Errors: JAIL_USER_IN_USE. */
function requireNoFiles(vm: string, user: string, { config }: AdminHost): void {
  const { home: left } = layoutIn(config, vm);
  if (!existsSync(left)) return;
  throw new UmlmonError('JAIL_USER_IN_USE', {
    place: `user ${user}`,
    cause: `files of the VM are in ${left}, and would belong to the next user with the same numbers`,
    hint: `save needed files, then: rm -r ${left}`,
  });
}

async function execute({ commands }: AccountPlan): Promise<void> {
  for (const [program, ...args] of commands) await run(program, args);
}

/** Errors: HOST_PROGRAM_MISSING, HOST_COMMAND. */
async function run(program: string, args: readonly string[]): Promise<void> {
  await requireHostCommand(
    {
      program: findProgram(program, 'passwd', systemPath),
      args,
      env: { PATH: systemPath, LC_ALL: 'C.UTF-8' },
      timeMs: adminLimits.accountCommand,
    },
    { code: 'HOST_COMMAND', place: [program, ...args].join(' ') },
  );
}
