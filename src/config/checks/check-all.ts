import { isLoopback } from '../../system/ip-address.ts';
import { type Config, type GlobalConfig, originOf } from '../config.ts';
import { maxVmNameLength } from '../names.ts';
import { type Problem, problemAt } from '../problem.ts';
import { checkCommonNetworks } from './check-networks.ts';

/** Longest path of a Unix socket (sun_path in unix(7), without the final NUL). */
const maxSocketPath = 107;

/** Mistakes in the relations of the GLOBAL keys. */
export function checkGlobal(global: GlobalConfig): Problem[] {
  const problems: Problem[] = [];
  const say = (key: string, cause: string, hint: string): void => {
    problems.push(problemAt(originOf(global, key), { code: 'CONFIG_CONFLICT', cause, hint }));
  };
  const { vardir, rundir, shared } = global;
  if (vardir === rundir) say('rundir', 'rundir and vardir are the same directory', 'choose two directories');
  if (`${vardir}/`.startsWith(`${shared}/`))
    say(
      'shared',
      'every VM would see the files of all others',
      'choose a directory that does not contain vardir',
    );
  if (global.group_roles.length > 0 && global.group === '')
    say(
      'group_roles',
      'no group may use the control sockets, so none can have a role',
      'name one that has all of them as members: group = umlmon',
    );
  const { tls_cert, tls_key } = global;
  if ((tls_cert === '') !== (tls_key === ''))
    say(
      tls_cert === '' ? 'tls_key' : 'tls_cert',
      'tls_cert and tls_key belong together',
      'write both, or none of them',
    );
  const longest = maxSocketPath - maxVmNameLength - '//ctrl'.length;
  if (Buffer.byteLength(vardir) > longest)
    say(
      'vardir',
      `the path has ${Buffer.byteLength(vardir)} bytes, too long for the sockets in it`,
      `at most ${longest} bytes`,
    );
  checkWeb(global, say);
  if (global.umldir_user !== '' && global.umldir_user === global.web_user)
    say('umldir_user', 'umldir could then call for everybody, as umlweb may', 'give each a user of its own');
  return problems;
}

/** Passwords and consoles must not cross a network in the clear. */
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
      'their monitors want a password',
      'write it to a file, and the file to web_password_file',
    );
  const isLocal = isLoopback(web_listen.address);
  if (!isLocal && web_tls_cert === '' && web_url?.origin.scheme !== 'https')
    say(
      'web_listen',
      'other hosts would send passwords in the clear',
      'set web_tls_cert and web_tls_key, or a web_url with https for a proxy, or listen on 127.0.0.1',
    );
}

/** Oddities in the relations of VMs, as warnings. */
export function checkNeighbours(config: Config, root: boolean): Problem[] {
  const problems: Problem[] = [];
  const owner = new Map<string, string>();
  for (const vm of config.vms.values()) {
    if (root && vm.vmuser === config.global.web_user) {
      const cause = `${vm.vmuser} is also web_user: what breaks out of the VM could call for everybody`;
      const hint = 'give the VM a user of its own';
      problems.push(problemAt(originOf(vm, 'vmuser'), { code: 'CONFIG_UNUSUAL', cause, hint }, 'warning'));
    }
    const first = owner.get(vm.vmuser);
    if (!root || first === undefined) {
      owner.set(vm.vmuser, vm.name);
      continue;
    }
    const cause = `${vm.vmuser} is also the user of ${first}: neither VM is protected from the kernel of the other`;
    const hint = `umladmin user ${vm.name}`;
    problems.push(problemAt(originOf(vm, 'vmuser'), { code: 'CONFIG_UNUSUAL', cause, hint }, 'warning'));
  }
  return [...problems, ...checkCommonNetworks(config)];
}
