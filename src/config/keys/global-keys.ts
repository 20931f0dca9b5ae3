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
    help: 'Everything that belongs to a VM is in the directory of its name below this one.',
    example: '/srv/umlmon',
  }),
  rundir: single({
    parse: parseHostDirectory,
    default: '/run/umlmon',
    defaultNote: '/run/umlmon for root, $XDG_RUNTIME_DIR/umlmon for others',
    layer: 'admin',
    effect: 'monitor',
    form: 'DIRECTORY',
    help: 'What VMs and tools of the host exchange, and can do without: the socket of umldir(8), claims of cores, process ids. It may be removed while VMs run.',
    example: '/run/umlmon',
  }),
  shared: single({
    parse: parseHostDirectory,
    default: '/var/lib/umlmon/shared',
    defaultNote: 'the directory *shared* in **vardir**',
    layer: 'admin',
    effect: 'monitor',
    form: 'DIRECTORY',
    help: 'What all VMs see as /shared: kernels in /shared/kernels, common disk images in /shared/disks.',
    example: '/srv/umlmon/shared',
  }),
  group: single({
    parse: accountParser('group'),
    default: '',
    defaultNote: "none: only root and the monitor's own user",
    layer: 'admin',
    effect: 'monitor',
    form: 'GROUP',
    help: 'Members of this group of the host may use the control sockets of the monitors, and so start, stop and log in to every VM.',
    example: 'umlmon',
  }),
  group_roles: single({
    parse: parseGroupRoles,
    default: '',
    defaultNote: 'none: whoever may use a control socket may do everything',
    layer: 'admin',
    effect: 'monitor',
    form: 'ROLE:GROUP …',
    help: 'What members of groups of the host may do who may use the control sockets (see group): look, console, operate or admin, as docs/roles.md lists. The highest of their roles counts; members of none of these groups may look. A group with blanks stands in quotes: look:"domain users".',
    example: 'console:students operate:tutors',
  }),
  tcp: single({
    parse: parseTcp,
    default: 'false',
    layer: 'admin',
    effect: 'monitor',
    form: 'true | false | plain',
    help: 'Whether the monitors also listen on TCP, for clients that prove a password (umladmin password): with TLS (true), or without (plain), where everybody on the way can read and change what is said. umlmon(7), REMOTE CONTROL.',
    example: 'true',
  }),
  tcp_address: single({
    parse: parseListenAddress,
    default: '127.0.0.1',
    layer: 'admin',
    effect: 'monitor',
    form: 'ADDRESS',
    help: 'The address of the host on which they listen: 127.0.0.1 for programs of this host only, 0.0.0.0 or :: for everybody, or one of its interfaces.',
    example: '192.0.2.1',
  }),
  tls_cert: single({
    parse: parseOptionalFile,
    default: '',
    defaultNote: 'one that umlmon makes itself at first need, in **vardir**',
    layer: 'admin',
    effect: 'monitor',
    form: 'FILE',
    help: 'The certificate for TLS with those that vouch for it, in PEM form. Without it clients know the host by the password, which proves both ends to each other.',
    example: '/etc/umlmon/host.pem',
  }),
  tls_key: single({
    parse: parseOptionalFile,
    default: '',
    defaultNote: 'it belongs to **tls_cert**',
    layer: 'admin',
    effect: 'monitor',
    form: 'FILE',
    help: 'The private key of tls_cert, in PEM form. Only the user of the monitors may be able to read it.',
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
    help: 'The range of hardware addresses for interfaces without mac=: locally administered, with the same first byte, and no groups. An interface keeps its address over restarts, until its VM has neither section nor directory any more. Every host begins at another place of the range.',
    example: '02:00:00:12:00:00-02:00:00:12:ff:ff',
  }),
  escape: single({
    parse: parseEscape,
    default: '^]',
    layer: 'admin',
    effect: 'now',
    form: '^X',
    help: 'The control character that opens the menu of a console session of umlwatch(1), with which it is left.',
    example: '^A',
  }),
  ...webKeys,
  ...directoryKeys,
};

/** Names of the original umlmon and of things to come: refused, but not as unknown. */
const notYet: readonly (readonly [pattern: RegExp, sentence: string])[] = [
  [/^(?:master_)?password$/, 'passwords are not in the configuration: umladmin password sets them'],
];

/** The sentence about a key that this version does not have yet, or ''. */
export function unsupported(key: string): string {
  return notYet.find(([pattern]) => pattern.test(key))?.[1] ?? '';
}
