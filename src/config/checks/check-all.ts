import { isLoopback } from '../../system/ip-address.ts';
import { type Config, type GlobalConfig, originOf } from '../config.ts';
import { maxVmNameLength } from '../names.ts';
import { type Problem, problemAt } from '../problem.ts';
import { checkCommonNetworks } from './check-networks.ts';

/** Longest path of a Unix socket (sun_path in unix(7), without the final NUL). */
const maxSocketPath = 107;

/** Errors in the relations of the GLOBAL keys. */
export function checkGlobal(global: GlobalConfig): Problem[] {
  const problems: Problem[] = [];
  const say = (key: string, cause: string, hint: string): void => {
    problems.push(problemAt(originOf(global, key), { code: 'CONFIG_CONFLICT', cause, hint }));
  };
  const { vardir, rundir, shared } = global;
  if (vardir === rundir)
    say('rundir', 'rundir and vardir are the same directory', 'choose different directories');
  if (`${vardir}/`.startsWith(`${shared}/`))
    say(
      'shared',
      'every VM would see the files of all others',
      'choose a directory that does not contain vardir',
    );
  if (global.group_roles.length > 0 && global.group === '')
    say(
      'group_roles',
      'group is not set, so no member of these groups can use a control socket',
      'set a group that contains all of these users: group = umlmon',
    );
  const { tls_cert, tls_key } = global;
  if ((tls_cert === '') !== (tls_key === ''))
    say(
      tls_cert === '' ? 'tls_key' : 'tls_cert',
      'tls_cert and tls_key belong together',
      'set both or neither',
    );
  const longest = maxSocketPath - maxVmNameLength - '//ctrl'.length;
  if (Buffer.byteLength(vardir) > longest)
    say(
      'vardir',
      `the path has ${Buffer.byteLength(vardir)} bytes and is too long for the sockets in it`,
      `at most ${longest} bytes`,
    );
  checkWeb(global, say);
  if (global.umldir_user !== '' && global.umldir_user === global.web_user)
    say('umldir_user', 'umldir could act on behalf of every user, as umlweb can', 'use two different users');
  return problems;
}

/** Passwords and consoles must not cross a network unencrypted. */
function checkWeb(
  { web_listen, web_tls_cert, web_tls_key, web_url, web_hosts, web_password_file }: GlobalConfig,
  say: (key: string, cause: string, hint: string) => void,
): void {
  if ((web_tls_cert === '') !== (web_tls_key === ''))
    say(
      web_tls_cert ? 'web_tls_cert' : 'web_tls_key',
      'a certificate and its key belong together',
      'set web_tls_cert and web_tls_key, or neither',
    );
  if (web_hosts.length > 0 && web_password_file === '')
    say(
      'web_hosts',
      'monitors of other hosts require a password',
      'write it to a file, and set web_password_file to that file',
    );
  const isLocal = isLoopback(web_listen.address);
  if (!isLocal && web_tls_cert === '' && web_url?.origin.scheme !== 'https')
    say(
      'web_listen',
      'other hosts would send passwords unencrypted',
      'set web_tls_cert and web_tls_key, or a web_url with https for a proxy, or listen on 127.0.0.1',
    );
}

/** Warnings on the relations of VMs. */
export function checkNeighbours(config: Config, root: boolean): Problem[] {
  const problems: Problem[] = [];
  const owner = new Map<string, string>();
  for (const vm of config.vms.values()) {
    if (root && vm.vmuser === config.global.web_user) {
      const cause = `${vm.vmuser} is also web_user: a guest that escapes could act on behalf of every user`;
      const hint = 'give the VM its own user';
      problems.push(problemAt(originOf(vm, 'vmuser'), { code: 'CONFIG_WARNING', cause, hint }, 'warning'));
    }
    const first = owner.get(vm.vmuser);
    if (!root || first === undefined) {
      owner.set(vm.vmuser, vm.name);
      continue;
    }
    const cause = `${vm.vmuser} is also the user of ${first}: the VMs are not protected from each other`;
    const hint = `umladmin user ${vm.name}`;
    problems.push(problemAt(originOf(vm, 'vmuser'), { code: 'CONFIG_WARNING', cause, hint }, 'warning'));
  }
  return [...problems, ...checkCommonNetworks(config)];
}
