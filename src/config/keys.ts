import { parseArguments } from './arguments.ts';
import { parseUbd } from './disk.ts';
import { defaultMacPool, parseMacRange } from './mac.ts';
import { parseNetwork } from './network.ts';
import {
  parseHook,
  parseHostDirectory,
  parseKernelPath,
  parseOptionalDirectory,
  parseRootDevice,
  ubdUnits,
} from './paths.ts';
import { parseHangCheck, parsePauseLimit, parseRestartLimit, parseSyncInterval } from './policy-values.ts';
import {
  accountParser,
  durationParser,
  integerParser,
  type Parsed,
  type Parser,
  parseBoolean,
  parseChannel,
  parseChannelName,
  parseCpus,
  parseEscape,
  parseReadyPattern,
  parseVmUser,
  refuse,
  sizeParser,
  wordParser,
} from './values.ts';

/** Who may set a key: `admin` in the main files only, `user` also in VARDIR/VM/config. */
export type Layer = 'admin' | 'user';
/** What a change waits for: nothing, the next start of the VM, or the next start of its monitor. */
export type Effect = 'now' | 'vm' | 'monitor';

interface KeyNotes {
  readonly layer: Layer;
  readonly effect: Effect;
  /** The form of the value for umlmon(5). */
  readonly form: string;
  /** One to three sentences for umlmon(5). */
  readonly help: string;
  readonly example: string;
  /** How umlmon(5) shows the default, where the text is not the whole truth. */
  readonly defaultNote?: string;
}

export interface SingleKey<T> extends KeyNotes {
  readonly parse: Parser<T>;
  /** Text in the form of the key. */
  readonly default: string;
}

/** Keys with a number at the end, from 0 to `units` - 1. */
export interface FamilyKey<T> extends KeyNotes {
  readonly units: number;
  /** Null when there is nothing at this unit. */
  readonly parse: (text: string, unit: number) => Parsed<T | null>;
  readonly defaults: Readonly<Record<number, string>>;
}

export type KeySpec = SingleKey<unknown> | FamilyKey<unknown>;
export type KeyTable = Readonly<Record<string, KeySpec>>;
export type AtUnit<T> = T & { readonly unit: number };

type ValueOf<K> =
  K extends FamilyKey<infer T> ? readonly AtUnit<T>[] : K extends SingleKey<infer T> ? T : never;
/** The typed values of a table: one property for every key, lists in ascending order of units for families. */
export type Values<Table> = { readonly [Key in keyof Table]: ValueOf<Table[Key]> };

const single = <T>(spec: SingleKey<T>): SingleKey<T> => spec;
const family = <T>(spec: FamilyKey<T>): FamilyKey<T> => spec;

/** What a policy may say about the end of a guest. */
const afterEnd = ['stop', 'restart', 'keep'] as const;

const MiB = 1024 ** 2;
const GiB = 1024 ** 3;

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
    help: 'The control character that leaves a console session of umlwatch(1).',
    example: '^A',
  }),
};

export const vmKeys = {
  start: single({
    parse: wordParser(['off', 'manual', 'boot']),
    default: 'manual',
    layer: 'admin',
    effect: 'monitor',
    form: 'off | manual | boot',
    help: 'What a monitor does when it is started: refuse to (off), wait until somebody boots the VM (manual), or boot it at once (boot).',
    example: 'boot',
  }),
  vmuser: single({
    parse: parseVmUser,
    default: '',
    defaultNote: 'required when the monitor runs as root; otherwise the user of the monitor',
    layer: 'admin',
    effect: 'vm',
    form: 'USER',
    help: 'The user of the host, by name or number, as whom the kernel of the VM runs. Give every VM a user of its own; root is refused.',
    example: 'uml-vm1',
  }),
  kernel: single({
    parse: parseKernelPath,
    default: '/shared/kernels/linux',
    layer: 'user',
    effect: 'vm',
    form: 'PATH',
    help: 'The kernel as the jail sees it, below /shared/kernels: an executable file, or a directory with the kernel and the libraries it needs.',
    example: '/shared/kernels/linux-7.2',
  }),
  mem: single({
    parse: sizeParser({ min: 32 * MiB, max: 64 * GiB, step: MiB }),
    default: '128M',
    layer: 'admin',
    effect: 'vm',
    form: 'SIZE',
    help: 'Memory of the guest, from 32M to 64G in whole MiB. The host gives it only as the guest uses it.',
    example: '512M',
  }),
  root: single({
    parse: parseRootDevice,
    default: 'ubda',
    layer: 'user',
    effect: 'vm',
    form: 'DEVICE',
    help: 'The device that the guest mounts as its root: ubda is ubd0, ubdb1 the first partition of ubd1, and so on.',
    example: 'ubdb1',
  }),
  root_mode: single({
    parse: wordParser(['rw', 'ro']),
    default: 'rw',
    layer: 'user',
    effect: 'vm',
    form: 'rw | ro',
    help: 'Whether the kernel mounts the root file system writable. The guest can change that later.',
    example: 'ro',
  }),
  ubd: family({
    units: ubdUnits,
    parse: parseUbd,
    defaults: {},
    layer: 'user',
    effect: 'vm',
    form: 'PATH[,BACKING] [ro] [sync] [nolock] [notrim] [serial=TEXT]',
    help: 'A disk of the VM: an image in /disks (own) or /shared/disks (common), as the jail sees them. The suffix says what it is: .dsk a flat image in a file, .cow a copy-on-write file, .dev a block device. A .cow file names its backing file itself; BACKING replaces that name, for instance that of uml_mkcow(1). Words after the path: ro makes the disk read-only, sync has every write reach the disk of the host at once (18 to 100 times slower), nolock keeps the kernel from locking the file as umlmon does, notrim from giving discarded blocks back to the host, and serial gives the disk a serial number.',
    example: '/disks/root.dsk',
  }),
  eth: family({
    units: 16,
    parse: parseNetwork,
    defaults: {},
    layer: 'admin',
    effect: 'vm',
    form: 'KIND(ARGUMENT=VALUE, …)',
    help: 'A network interface of the VM; see NETWORK for the kinds and their arguments. The guest sees eth0 as vec0, eth1 as vec1, and so on, and gives them their addresses itself.',
    example: 'host_to_host(proxy_if=proxy1, proxy_addr=192.168.2.1, guest_addr=192.168.2.2)',
  }),
  con: family({
    units: 16,
    parse: (text, unit) =>
      unit === 0 && text === 'off'
        ? refuse('con0 carries the messages of the kernel and cannot be off', 'write pty or pty log')
        : parseChannel(text),
    defaults: { 0: 'pty log', 1: 'pty' },
    layer: 'user',
    effect: 'vm',
    form: 'off | pty | pty log',
    help: 'A console of the guest, tty0 to tty15: not there, there, or there with all its output logged. con0 carries the messages of the kernel.',
    example: 'pty log',
  }),
  ssl: family({
    units: 64,
    parse: parseChannel,
    defaults: {},
    layer: 'user',
    effect: 'vm',
    form: 'off | pty | pty log',
    help: 'A serial line of the guest, ttyS0 to ttyS63, with the same choices as a console.',
    example: 'pty',
  }),
  sync_interval: single({
    parse: parseSyncInterval,
    default: '10s',
    layer: 'admin',
    effect: 'vm',
    form: 'DURATION | off',
    help: 'How long after a write of the guest its image is synced to the disk of the host, from 1s to 1h: what a crash of the host can lose of what the guest has synced. off leaves that to the host until the guest has ended. See umlmon(7), DISKS.',
    example: '1m',
  }),
  append: single({
    parse: parseArguments,
    default: '',
    defaultNote: 'nothing',
    layer: 'user',
    effect: 'vm',
    form: 'ARGUMENTS',
    help: 'More arguments for the kernel, separated by blanks; double quotes keep blanks together. Arguments that umlmon sets itself are refused.',
    example: 'quiet systemd.unit=rescue.target',
  }),
  cpu: single({
    parse: parseCpus,
    default: 'auto',
    layer: 'admin',
    effect: 'vm',
    form: 'auto | none | LIST',
    help: 'The cores of the host on which the VM may run: one that umlmon chooses by load (auto, the fastest), all (none), or those of a list.',
    example: '0,2-3',
  }),
  fast_boot: single({
    parse: parseBoolean,
    default: 'true',
    layer: 'user',
    effect: 'vm',
    form: 'BOOLEAN',
    help: 'Skip measurements of the kernel that take most of the boot time. Guests that write to RAID 6 (btrfs or md) must set it to false, or their kernel will panic.',
    example: 'false',
  }),
  ready: single({
    parse: wordParser(['launched', 'kernel', 'guest', 'console']),
    default: 'kernel',
    layer: 'user',
    effect: 'vm',
    form: 'launched | kernel | guest | console',
    help: 'When the VM counts as ready: when its kernel process exists, when the kernel answers, when the guest says so in /proc/mconsole, or when a console has shown ready_pattern. See umlmon(7), READINESS.',
    example: 'guest',
  }),
  ready_pattern: single({
    parse: parseReadyPattern,
    default: '',
    defaultNote: 'none',
    layer: 'user',
    effect: 'vm',
    form: 'CHANNEL TEXT',
    help: 'The level console is reached when this channel shows this text, exactly as it stands here. It is part of a line, has at most 256 bytes, and must not have colours or the like in it.',
    example: 'con1 login:',
  }),
  stop_timeout: single({
    parse: durationParser({ min: '100ms', max: '1h' }),
    default: '30s',
    layer: 'user',
    effect: 'now',
    form: 'DURATION',
    help: 'How long a stop waits for the guest before the next, harder step.',
    example: '2m',
  }),
  on_poweroff: single({
    parse: wordParser(afterEnd),
    default: 'stop',
    layer: 'user',
    effect: 'vm',
    form: 'stop | restart | keep',
    help: 'What happens when the guest powers off or halts without having been asked to by umlwatch(1): the VM stays down (stop), is started again (restart), or stays down for inspection (keep): nothing is cleaned up, and start = boot does not boot it, until somebody starts it or runs umlmon -cleanup.',
    example: 'restart',
  }),
  on_reboot: single({
    parse: wordParser(afterEnd),
    default: 'restart',
    layer: 'user',
    effect: 'vm',
    form: 'stop | restart | keep',
    help: 'What happens when the guest asks for a reboot; the choices are those of on_poweroff. A restart applies changes of the configuration.',
    example: 'stop',
  }),
  on_crash: single({
    parse: wordParser(afterEnd),
    default: 'stop',
    layer: 'user',
    effect: 'vm',
    form: 'stop | restart | keep',
    help: 'What happens after a panic of the guest or any other unexpected end of its kernel; the choices are those of on_poweroff.',
    example: 'restart',
  }),
  on_hang: single({
    parse: wordParser(afterEnd),
    default: 'keep',
    layer: 'user',
    effect: 'vm',
    form: 'stop | restart | keep',
    help: 'What happens when the kernel does not answer any more, or the watchdog of the guest reports a hang: the kernel is killed (stop), killed and started again (restart), or left as it is and reported (keep).',
    example: 'restart',
  }),
  hang_check: single({
    parse: parseHangCheck,
    default: '1m',
    layer: 'user',
    effect: 'vm',
    form: 'DURATION | off',
    help: 'How often the kernel is asked whether it lives, from 1s to 1h. It is not asked when its consoles have said something since the last time. A kernel that leaves two questions in a row unanswered, 5 s each, hangs.',
    example: '10s',
  }),
  mem_trim: single({
    parse: parseHangCheck,
    default: 'off',
    layer: 'user',
    effect: 'vm',
    form: 'DURATION | off',
    help: 'How often the monitor looks, from 1s to 1h, whether the guest has freed memory that the host could have back, and takes 32 MiB or more of it. See -mem-trim in umlwatch(1).',
    example: '1m',
  }),
  metrics: single({
    parse: wordParser(['socket', 'off']),
    default: 'off',
    layer: 'admin',
    effect: 'monitor',
    form: 'socket | off',
    help: 'Whether the monitor answers requests for metrics (OpenMetrics, by HTTP) on the socket *VARDIR/VM/metrics*, which those may use who may use the control socket.',
    example: 'socket',
  }),
  hook: single({
    parse: parseHook,
    default: '',
    defaultNote: 'none',
    layer: 'admin',
    effect: 'vm',
    form: 'PATH',
    help: 'A program of the host that is called at prepare, start, ready, stopped and release, see HOOKS in umlmon(7).',
    example: '/etc/umlmon/hook',
  }),
  pause_limit: single({
    parse: parsePauseLimit,
    default: '1h',
    layer: 'user',
    effect: 'vm',
    form: 'DURATION | off',
    help: 'How long a pause (umlwatch -pause) lasts at most, from 1s to 24h: then the monitor resumes the guest by itself. With off it stands still until somebody resumes it.',
    example: '5m',
  }),
  restart_limit: single({
    parse: parseRestartLimit,
    default: '5 in 10m',
    layer: 'user',
    effect: 'vm',
    form: 'NUMBER in DURATION | off',
    help: 'So many restarts by policy may follow each other within that time, up to 100 within 24h. At one death more the monitor gives up: the VM stays down until somebody starts it.',
    example: '20 in 1h',
  }),
  crash_bundles: single({
    parse: integerParser(0, 100),
    default: '5',
    layer: 'admin',
    effect: 'vm',
    form: 'NUMBER',
    help: 'How many crash bundles are kept, from 0 (none) to 100: what is known of each end of the kernel that nobody asked for, see umlmon(7).',
    example: '20',
  }),
  backup_dir: single({
    parse: parseOptionalDirectory,
    default: '',
    defaultNote: 'the directory *backups* of the VM in **vardir**',
    layer: 'admin',
    effect: 'monitor',
    form: 'DIRECTORY',
    help: 'Backups are in the directory of the name of the VM below this one. Guests must not be able to reach it. On the file system of the images, where that can share blocks (xfs, btrfs), backups take hardly any room.',
    example: '/srv/backups',
  }),
  backups: single({
    parse: integerParser(0, 1000),
    default: '0',
    layer: 'admin',
    effect: 'vm',
    form: 'NUMBER',
    help: 'How many backups are kept, up to 1000: each new one removes the oldest. 0 keeps all.',
    example: '7',
  }),
  backup_freeze: single({
    parse: parseChannelName,
    default: '',
    defaultNote: 'none',
    layer: 'user',
    effect: 'vm',
    form: 'CHANNEL',
    help: 'The console or serial line on which a program of the guest freezes its file systems for a backup; see umlmon(7), BACKUPS. It must be configured.',
    example: 'ssl0',
  }),
  log_size: single({
    parse: sizeParser({ min: 4096, max: GiB, step: 1024 }),
    default: '2M',
    layer: 'admin',
    effect: 'monitor',
    form: 'SIZE',
    help: 'A console log that reaches this size, from 4K to 1G, is put aside and a new one begun.',
    example: '16M',
  }),
  log_count: single({
    parse: integerParser(0, 100),
    default: '3',
    layer: 'admin',
    effect: 'monitor',
    form: 'NUMBER',
    help: 'How many old logs of each console are kept, from 0 to 100.',
    example: '10',
  }),
  max_processes: single({
    parse: integerParser(64, 1_000_000),
    default: '4096',
    layer: 'admin',
    effect: 'vm',
    form: 'NUMBER',
    help: 'The most processes that the user of the VM may have on the host, from 64 to 1000000. Every process of the guest is one on the host.',
    example: '1024',
  }),
};

/** Names of the original umlmon and of things to come: refused, but not as unknown. */
const notYet: readonly (readonly [pattern: RegExp, sentence: string])[] = [
  [/^tcp$/, 'control over TCP is not supported by this version'],
  [/^tcp_redir$/, 'the TCP redirector is not supported by this version'],
  [/^(?:master_)?password$/, 'passwords (for control over TCP) are not supported by this version'],
];

/** The sentence about a key that this version does not have yet, or ''. */
export function unsupported(key: string): string {
  return notYet.find(([pattern]) => pattern.test(key))?.[1] ?? '';
}

export function isFamily(spec: KeySpec): spec is FamilyKey<unknown> {
  return 'units' in spec;
}

/** All names that may stand before a '=', for suggestions and completion. */
export function keyNames(table: KeyTable): string[] {
  return Object.entries(table).flatMap(([name, spec]) =>
    isFamily(spec) ? Array.from({ length: spec.units }, (_, unit) => `${name}${unit}`) : [name],
  );
}
