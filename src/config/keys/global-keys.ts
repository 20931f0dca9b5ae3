import { parseHostDirectory, parseOptionalFile } from '../paths.ts';
import { defaultMacPool, parseMacRange } from '../values/mac.ts';
import { parseGroupRoles, parseListenAddress, parseTcp } from '../values/remote-values.ts';
import { accountParser, parseEscape, wordParser } from '../values/values.ts';
import { directoryKeys } from './directory-keys.ts';
import { single } from './key.ts';
import { webKeys } from './web-keys.ts';

/** The keys of [GLOBAL]. */
export const globalKeys = {
  vardir: single({
    parse: parseHostDirectory,
    default: '/var/lib/umlmon',
    defaultNote: '/var/lib/umlmon for root, $XDG_STATE_HOME/umlmon for others',
    layer: 'admin',
    effect: 'monitor',
    form: 'DIRECTORY',
    help: 'Each VM has a directory of its name below this one; it contains everything of the VM.',
    example: '/srv/umlmon',
  }),
  rundir: single({
    parse: parseHostDirectory,
    default: '/run/umlmon',
    defaultNote: '/run/umlmon for root, $XDG_RUNTIME_DIR/umlmon for others',
    layer: 'admin',
    effect: 'monitor',
    form: 'DIRECTORY',
    help: 'Files that VMs and tools of the host exchange: the socket of umldir(8), claims of cores, process ids. None of them is vital: the directory may be removed while VMs run.',
    example: '/run/umlmon',
  }),
  shared: single({
    parse: parseHostDirectory,
    default: '/var/lib/umlmon/shared',
    defaultNote: 'the directory *shared* in **vardir**',
    layer: 'admin',
    effect: 'monitor',
    form: 'DIRECTORY',
    help: 'The directory that all VMs see as /shared: kernels in /shared/kernels, common disk images in /shared/disks.',
    example: '/srv/umlmon/shared',
  }),
  group: single({
    parse: accountParser('group'),
    default: '',
    defaultNote: 'none: only root and the user of the monitor',
    layer: 'admin',
    effect: 'monitor',
    form: 'GROUP',
    help: 'Members of this group of the host may use the control sockets of the monitors. They can start and stop every VM and log in to it.',
    example: 'umlmon',
  }),
  group_roles: single({
    parse: parseGroupRoles,
    default: '',
    defaultNote: 'none: every user of a control socket has the role admin',
    layer: 'admin',
    effect: 'monitor',
    form: 'ROLE:GROUP …',
    help: 'Roles for members of groups, among the users who may use the control sockets (see group). The roles are view, console, operate and admin, see docs/roles.md. The highest role of a user counts; members of none of these groups have the role view. A group with blanks needs quotes: view:"domain users".',
    example: 'console:students operate:tutors',
  }),
  tcp: single({
    parse: parseTcp,
    default: 'false',
    layer: 'admin',
    effect: 'monitor',
    form: 'true | false | plain',
    help: 'Whether the monitors also listen on TCP, for clients with a password (umladmin password). With true, they use TLS. With plain, every host on the path can read and change the traffic. See umlmon(7), REMOTE CONTROL.',
    example: 'true',
  }),
  tcp_address: single({
    parse: parseListenAddress,
    default: '127.0.0.1',
    layer: 'admin',
    effect: 'monitor',
    form: 'ADDRESS',
    help: 'The address of the host on which the monitors listen. 127.0.0.1 accepts programs of this host only; 0.0.0.0 or :: listens on all interfaces.',
    example: '192.0.2.1',
  }),
  tls_cert: single({
    parse: parseOptionalFile,
    default: '',
    defaultNote: 'a self-signed one that umlmon creates in **vardir** when needed',
    layer: 'admin',
    effect: 'monitor',
    form: 'FILE',
    help: 'The certificate for TLS with its chain of authorities, in PEM form. Without it, clients identify the host by the password, with which both ends authenticate each other.',
    example: '/etc/umlmon/host.pem',
  }),
  tls_key: single({
    parse: parseOptionalFile,
    default: '',
    defaultNote: 'it belongs to **tls_cert**',
    layer: 'admin',
    effect: 'monitor',
    form: 'FILE',
    help: 'The private key of tls_cert, in PEM form. Only the user of the monitors may have read access.',
    example: '/etc/umlmon/host.key',
  }),
  userns: single({
    parse: wordParser(['auto', 'off']),
    default: 'auto',
    layer: 'admin',
    effect: 'vm',
    form: 'auto | off',
    help: 'Whether a jail may use an unprivileged user namespace: where the host permits it (auto), or never (off). Without one, monitors must run as root.',
    example: 'off',
  }),
  mac_pool: single({
    parse: parseMacRange,
    default: defaultMacPool,
    layer: 'admin',
    effect: 'vm',
    form: 'FIRST-LAST',
    help: 'The range of MAC addresses for interfaces without mac=: locally administered unicast addresses with the same first byte. An interface keeps its address until its VM has neither section nor directory. Each host starts at another offset in the range.',
    example: '02:00:00:12:00:00-02:00:00:12:ff:ff',
  }),
  escape: single({
    parse: parseEscape,
    default: '^]',
    layer: 'admin',
    effect: 'now',
    form: '^X',
    help: 'The control character that opens the menu of a console session of umlwatch(1), for example to detach.',
    example: '^A',
  }),
  ...webKeys,
  ...directoryKeys,
};

/** Reserved keys, such as those of the original umlmon: rejected with their own message. */
const notYet: readonly (readonly [pattern: RegExp, sentence: string])[] = [
  [/^(?:master_)?password$/, 'passwords are not in the configuration: umladmin password sets them'],
];

/** The message for a reserved key, or ''. */
export function unsupported(key: string): string {
  return notYet.find(([pattern]) => pattern.test(key))?.[1] ?? '';
}
