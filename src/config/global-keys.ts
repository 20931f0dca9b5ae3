import { directoryKeys } from './directory-keys.ts';
import { single } from './key.ts';
import { defaultMacPool, parseMacRange } from './mac.ts';
import { parseHostDirectory } from './paths.ts';
import { accountParser, parseEscape, wordParser } from './values.ts';

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
    help: 'Sockets and other files that do not outlive a restart of the host.',
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
  ...directoryKeys,
};

/** Names of the original umlmon and of things to come: refused, but not as unknown. */
const notYet: readonly (readonly [pattern: RegExp, sentence: string])[] = [
  [/^tcp$/, 'control over TCP is not supported by this version'],
  [/^(?:master_)?password$/, 'passwords (for control over TCP) are not supported by this version'],
];

/** The sentence about a key that this version does not have yet, or ''. */
export function unsupported(key: string): string {
  return notYet.find(([pattern]) => pattern.test(key))?.[1] ?? '';
}
