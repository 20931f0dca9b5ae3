/**
 * Every error umlmon reports has a code, a place (file:line, section and key, path or step), a cause and, where
 * one is known, a hint. The same four fields travel to client, log and event; docs/errors.md is printed from
 * this catalogue.
 */

/** Class of an error → exit status of the programs (umlwatch(1), EXIT STATUS). */
export const exitStatus = {
  /** The operation was tried and failed. */
  failed: 1,
  /** Wrong command line; nothing was contacted. */
  usage: 2,
  /** The configuration has mistakes. */
  config: 3,
  /** The monitor cannot be reached. */
  unreachable: 4,
  /** The VM is in the wrong state, or busy with another operation. */
  state: 5,
  /** The host lacks something that the VM needs. */
  host: 6,
  /** The VM went down, or did not start, while somebody waited for it. */
  down: 7,
  /** The time to wait is over. */
  timeout: 8,
} as const;

export type ErrorClass = keyof typeof exitStatus;

interface CatalogueEntry {
  readonly class: ErrorClass;
  readonly means: string;
}

/** One line per code, grouped by room. */
export const errorCatalogue = {
  USAGE: { class: 'usage', means: 'The command line is wrong.' },
  INTERNAL: { class: 'failed', means: 'A fault in umlmon itself; please report it with the log.' },

  STATE_WRONG: { class: 'state', means: 'The operation is not possible in the present state of the VM.' },
  STATE_BUSY: { class: 'state', means: 'Another operation of the VM is in progress.' },
  MONITOR_RUNNING: { class: 'state', means: 'Another monitor already serves this VM.' },
  MONITOR_DENIED: {
    class: 'unreachable',
    means: 'The control socket of the monitor is not open to this user.',
  },
  MONITOR_FAULT: {
    class: 'failed',
    means: 'The former monitor of the VM ended by an error while it served.',
  },
  MONITOR_UNREACHABLE: { class: 'unreachable', means: 'Nothing answers on the control socket.' },

  RPC_PROTOCOL: { class: 'failed', means: 'The two ends of a control socket do not understand each other.' },
  RPC_SOCKET_PATH: { class: 'config', means: 'The path of a control socket is too long for the kernel.' },
  RPC_CONNECTIONS: {
    class: 'unreachable',
    means: 'A user or an address has its share of the connections of a monitor, or all are taken.',
  },
  RPC_TIMEOUT: { class: 'unreachable', means: 'The monitor did not answer a call in time.' },

  REMOTE_LISTEN: { class: 'host', means: 'The monitor cannot listen on its TCP port.' },
  REMOTE_CERTIFICATE: { class: 'config', means: 'There is no usable key and certificate for TLS.' },
  REMOTE_NAME: { class: 'unreachable', means: 'The name of a host is not known.' },
  REMOTE_CONNECT: { class: 'unreachable', means: 'Nothing answers at the address of a remote monitor.' },
  REMOTE_TLS: { class: 'unreachable', means: 'The TLS connection to a remote monitor fails.' },
  REMOTE_IDENTITY: { class: 'unreachable', means: 'A remote host is not the one that it should be.' },
  AUTH_FAILED: { class: 'unreachable', means: 'A login is not one, or not for this connection.' },
  AUTH_NO_PASSWORD: { class: 'unreachable', means: 'No password opens the VM over TCP.' },
  ACT_FOR_REFUSED: {
    class: 'failed',
    means: 'A connection may not call for somebody else, or not for this one.',
  },
  AUTH_THROTTLED: { class: 'unreachable', means: 'There were too many wrong passwords; wait.' },
  PASSWORD_BAD: { class: 'usage', means: 'Not a text that can be a password.' },
  PASSWORD_FILE: {
    class: 'failed',
    means: 'The file of the passwords cannot be used, or cannot be trusted.',
  },
  PASSWORD_WRONG: { class: 'unreachable', means: 'The password is not the one of the VM.' },
  PASSWORD_UNKNOWN: { class: 'failed', means: 'There is no such password.' },
  ROLE_TOO_LOW: { class: 'failed', means: 'The role of the client does not include what it asks for.' },
  DIRECTORY_UNREACHABLE: { class: 'unreachable', means: 'The directory of a host (umldir) does not answer.' },
  DIRECTORY_NO_VM: {
    class: 'unreachable',
    means: 'The directory does not know the VM: its monitor does not run.',
  },
  DIRECTORY_AMBIGUOUS: { class: 'usage', means: 'Several hosts have a VM of this name.' },
  DIRECTORY_NO_PORT: {
    class: 'unreachable',
    means: 'The monitor of the VM cannot be reached from other hosts.',
  },
  DIRECTORY_LOST: { class: 'failed', means: 'The changes asked for are no longer held.' },
  DIRECTORY_BUSY: { class: 'failed', means: 'Too many callers wait for changes, or too many VMs are there.' },
  DIRECTORY_LOCAL: { class: 'failed', means: 'Only monitors of the host itself may register.' },
  DIRECTORY_RUNNING: { class: 'state', means: 'Another umldir serves this host already.' },
  DIRECTORY_LISTEN: { class: 'host', means: 'umldir cannot listen on a port, or on its socket.' },
  REDIRECTOR_UNREACHABLE: {
    class: 'unreachable',
    means: 'The redirector of a host (umlredir) does not answer.',
  },
  REDIRECTOR_MONITOR: { class: 'unreachable', means: 'The redirector cannot reach the monitor of the VM.' },
  ETCD_FAILED: { class: 'failed', means: 'etcd, where hosts share their directory, cannot be used.' },

  WEB_REFUSED: { class: 'failed', means: 'umlweb does not do what a browser asked for.' },
  WEB_LISTEN: { class: 'host', means: 'umlweb cannot take calls at its address.' },
  WEB_HOSTS: {
    class: 'config',
    means: 'umlweb has no password for other hosts, or cannot tell who they are.',
  },
  WEB_TLS: { class: 'config', means: 'The certificate of umlweb or its key cannot be used.' },

  EVENTS_LOST: { class: 'failed', means: 'The events asked for are no longer held.' },
  EVENTS_LISTENERS: { class: 'failed', means: 'Too many callers wait for events.' },
  START_FAILED: { class: 'failed', means: 'The kernel did not come up.' },
  START_CRASHED: { class: 'failed', means: 'The kernel came up, and ended before its guest ran.' },
  RUN_FAILED: { class: 'failed', means: 'The VM of umlrun failed before its command was done.' },
  STOP_FAILED: { class: 'failed', means: 'The kernel did not end.' },

  JOB_UNKNOWN: { class: 'failed', means: 'There is no such job, or no longer.' },
  JOB_CANCELLED: { class: 'failed', means: 'A job was ended early; everything is as before it.' },
  JOB_LEFT: { class: 'failed', means: 'A client waits no more for a job, which goes on.' },
  JOB_BUSY: { class: 'state', means: 'Too many jobs of the VM are in progress, or its monitor ends.' },
  HOOK_UNTRUSTED: { class: 'config', means: 'Others than the user of the monitor could change the hook.' },
  HOOK_REFUSED: { class: 'failed', means: 'The hook of the VM refuses a start.' },

  WAIT_DOWN: { class: 'down', means: 'The VM went down, or did not start, while it was waited for.' },
  WAIT_NEVER: { class: 'state', means: 'What is waited for cannot happen to this VM.' },
  WAIT_TIMEOUT: { class: 'timeout', means: 'What was waited for has not happened in time.' },

  CONFIG_INVALID: { class: 'config', means: 'The configuration has mistakes; all of them are listed.' },
  CONFIG_MISSING: { class: 'config', means: 'There is no configuration file.' },
  CONFIG_NO_VM: { class: 'config', means: 'The configuration has no such VM.' },
  CONFIG_UNREADABLE: { class: 'config', means: 'A configuration file cannot be read.' },
  CONFIG_SYNTAX: { class: 'config', means: 'A line of a configuration file is not understood.' },
  CONFIG_DUPLICATE: { class: 'config', means: 'A section or key is written more than once.' },
  CONFIG_BAD_NAME: { class: 'config', means: 'A section is not GLOBAL and not a possible VM name.' },
  CONFIG_UNKNOWN_KEY: { class: 'config', means: 'There is no such key.' },
  CONFIG_BAD_VALUE: { class: 'config', means: 'A value has the wrong form or is out of range.' },
  CONFIG_PATH: { class: 'config', means: 'A path is not allowed at this place.' },
  CONFIG_REQUIRED: { class: 'config', means: 'A setting is missing.' },
  CONFIG_RESERVED: { class: 'config', means: 'A kernel argument is set by umlmon itself.' },
  CONFIG_LAYER: { class: 'config', means: 'Only the administrator may set this key.' },
  CONFIG_CONFLICT: { class: 'config', means: 'Two settings contradict each other.' },
  CONFIG_UNSUPPORTED: { class: 'config', means: 'This version of umlmon cannot do that yet.' },
  CONFIG_UNTRUSTED: {
    class: 'config',
    means: 'Others than root could change the place of a file that root is to write.',
  },
  CONFIG_BUSY: { class: 'state', means: 'Another program is changing the configuration.' },
  CONFIG_NOT_SET: { class: 'failed', means: 'The key has no value.' },
  CONFIG_UNUSUAL: { class: 'config', means: 'Allowed, but probably not what was meant (a warning).' },

  JAIL_VM_NAME: { class: 'usage', means: 'The name cannot be the name of a VM.' },
  JAIL_DIRECTORY: { class: 'failed', means: 'A directory of the VM cannot be made, or cannot be trusted.' },
  JAIL_ACCESS: { class: 'config', means: 'The user of the VM cannot reach its own jail.' },
  JAIL_LAUNCH: { class: 'failed', means: 'The sandbox of the kernel could not be set up.' },
  JAIL_MOUNTS: { class: 'failed', means: 'A jail has other mounts than its plan.' },
  JAIL_USER_ROOT: { class: 'config', means: 'A VM must not run as root.' },
  JAIL_USER_IN_USE: {
    class: 'state',
    means: 'The user of a VM cannot be made or removed: it is that of something else.',
  },
  JAIL_USER_UNKNOWN: { class: 'config', means: 'The host has no such user.' },
  JAIL_GROUP_SHARED: {
    class: 'config',
    means: 'The group of the VM’s user is not private: others could reach the jail through it.',
  },
  JAIL_GROUP_UNKNOWN: { class: 'config', means: 'The host has no such group.' },
  JAIL_ARCHITECTURE: { class: 'host', means: 'There is no system call filter for this architecture.' },

  CONSOLE_UNKNOWN: { class: 'failed', means: 'The VM has no such console or serial line.' },
  CONSOLE_SEATS: { class: 'failed', means: 'A connection has too many seats at consoles.' },
  CONSOLE_NO_SEAT: { class: 'failed', means: 'The seat is not one of this connection.' },
  CONSOLE_SIZE: { class: 'usage', means: 'Not a window size.' },
  CONSOLE_WRITER: { class: 'state', means: 'Somebody else types at the console.' },
  CONSOLE_TIMEOUT: { class: 'timeout', means: 'A console has not shown in time what was waited for.' },
  CONSOLE_NO_MATCH: { class: 'failed', means: 'No line of a console matches.' },
  CONSOLE_RECORDING: { class: 'failed', means: 'A session cannot be recorded into this file.' },
  CONSOLE_SCREEN: { class: 'failed', means: 'The picture of a console could not be made.' },
  CONSOLE_BUSY: { class: 'state', means: 'Too many readers wait for the output of one console.' },
  CONSOLE_FOREIGN: {
    class: 'state',
    means: 'A running kernel has something else in the place of a console.',
  },
  CONSOLE_NOT_LOGGED: { class: 'failed', means: 'The channel has no log.' },

  CRASH_BUNDLE: { class: 'failed', means: 'What was known of a crash could not be kept.' },
  CRASH_UNKNOWN: { class: 'failed', means: 'There is no such crash bundle, or no such file in it.' },

  START_KILLED: { class: 'failed', means: 'Somebody killed the VM while it was starting.' },
  VM_OFF: { class: 'state', means: 'The VM must not run: its configuration says start = off.' },
  VM_CLEANUP: { class: 'failed', means: 'What a VM has left could not be removed.' },
  VM_REMOVED: {
    class: 'state',
    means: 'A monitor runs whose VM is not in the configuration any more.',
  },
  VM_ALIVE: { class: 'state', means: 'A kernel of this VM runs already, without this monitor.' },

  IMAGE_MISSING: { class: 'config', means: 'There is no disk image at the given path.' },
  IMAGE_OUTSIDE: { class: 'config', means: 'A disk image is really outside of the jail.' },
  IMAGE_KIND: { class: 'config', means: 'The file is not the kind of disk image that its name says.' },
  IMAGE_CONTENT: { class: 'config', means: 'A disk image does not hold what its VM needs.' },
  IMAGE_ACCESS: { class: 'config', means: 'The user of the VM may not use the disk image.' },
  IMAGE_IN_USE: { class: 'state', means: 'Another VM or program uses the disk image.' },
  IMAGE_EXISTS: { class: 'failed', means: 'There is a file of this name already.' },
  IMAGE_FOREIGN: { class: 'state', means: 'A client of a VM may not change this disk image.' },
  BACKUP_NAME: { class: 'usage', means: 'Not a name for a backup.' },
  BACKUP_UNKNOWN: { class: 'failed', means: 'There is no such backup.' },
  BACKUP_EXISTS: { class: 'failed', means: 'There is a backup of this name already.' },
  BACKUP_PLACE: { class: 'config', means: 'Backups cannot be where a guest may reach them.' },
  BACKUP_CUT_OFF: { class: 'failed', means: 'The VM went on, or ended, while its images were copied.' },
  BACKUP_NOT_FROZEN: {
    class: 'failed',
    means: 'A backup was made, and the guest had not frozen its file systems, as backup_freeze wants.',
  },
  BACKUP_UNSOUND: { class: 'failed', means: 'A backup was made, and a file system in it has errors.' },
  BACKUP_DAMAGED: { class: 'failed', means: 'A backup is not as it was made.' },
  BACKUP_RESTORE: {
    class: 'state',
    means: 'A restore was cut off after it began to put images in place, and cannot be finished.',
  },
  COW_FORMAT: { class: 'failed', means: 'The file is no COW file, or a damaged one.' },
  COW_BACKING: {
    class: 'failed',
    means: 'The backing file does not fit the COW file: it was changed, or is another one.',
  },
  COW_HAZARD: {
    class: 'failed',
    means: 'The kernel would read wrong data through a COW file over this image.',
  },
  DISK_UNIT: { class: 'state', means: 'The VM has such a disk already, or has none.' },
  IMAGE_UNKNOWN: {
    class: 'failed',
    means: 'Images or their holders could not all be looked at, and what is not known is refused.',
  },
  IMAGE_LINK: { class: 'config', means: 'There is a symbolic link in the path of a disk image.' },
  IMAGE_SWAPPED: { class: 'failed', means: 'A disk image is no longer the file that was checked.' },
  IMAGE_IS_BACKING: {
    class: 'state',
    means: 'A disk image must stay as it is: it is the backing file of a copy-on-write image.',
  },
  IMAGE_BACKING_PATH: {
    class: 'config',
    means: 'The backing file of a COW image is not where the VM can use it.',
  },
  IMAGE_CHAIN: {
    class: 'config',
    means: 'A COW image on a COW image, or on itself: the kernel reads one layer.',
  },
  IMAGE_NAME: { class: 'config', means: 'No disk image or snapshot can have this name.' },
  IMAGE_SIZE: { class: 'config', means: 'The disk image cannot have this size.' },
  IMAGE_SNAPSHOTS: { class: 'state', means: 'The disk image has snapshots, or is one.' },
  IMAGE_DAMAGED: { class: 'failed', means: 'The file system in the disk image is damaged.' },

  NETWORK_UNIT: { class: 'state', means: 'The VM has such a network interface already, or has none.' },
  NETWORK_PRIVILEGE: { class: 'host', means: 'A network interface of this kind needs root.' },
  NETWORK_MISSING: { class: 'config', means: 'The host has no such interface, or one of another kind.' },
  NETWORK_IN_USE: { class: 'state', means: 'The host uses a name or address of the network already.' },
  NETWORK_HOST: { class: 'host', means: 'The host is not set up for what a network interface needs.' },
  NETWORK_COMMAND: {
    class: 'failed',
    means: 'The network of the host could not be set up, or not put back.',
  },

  HOST_MEMORY: { class: 'host', means: 'The host has not enough free memory for the VM.' },
  HOST_LIMIT: { class: 'host', means: 'A hard limit of resources (ulimit -H) is too small for the VM.' },
  HOST_CORES: { class: 'config', means: 'The host has no such processor core.' },
  HOST_CGROUP: { class: 'host', means: 'Limits of the configuration that nothing keeps on this host.' },
  HOST_NAMESPACES: { class: 'host', means: 'The host does not let this user make a jail.' },
  HOST_MOUNT: {
    class: 'host',
    means: 'An option of a mount (noexec, nodev, ro) forbids what a VM needs of a file there.',
  },
  HOST_COMMAND: { class: 'host', means: 'A command of the host failed or is missing.' },
  HOST_PROGRAM_MISSING: { class: 'host', means: 'A program that umlmon needs is not installed.' },
  HOST_FILE: {
    class: 'host',
    means: 'A file that umlmon keeps or changes cannot be written, or not be read.',
  },
  HOST_LOG: { class: 'host', means: 'A log cannot be written; the VM and its output go on without it.' },
  HOST_LOG_UNTRUSTED: {
    class: 'host',
    means: 'SIGUSR1 opens no log in a directory to which other users may write.',
  },
  HOST_SYSTEM_CALL: { class: 'host', means: 'The host kernel refused a system call.' },

  KERNEL_MISSING: { class: 'config', means: 'There is no kernel at the given path, or it cannot be read.' },
  KERNEL_ACCESS: { class: 'config', means: 'The user of the VM cannot reach the kernel.' },
  KERNEL_NOT_ELF: { class: 'config', means: 'The file is no 64-bit ELF program.' },
  KERNEL_NOT_UML: { class: 'config', means: 'The program is no User Mode Linux kernel.' },
  KERNEL_MACHINE: { class: 'config', means: 'The kernel was built for another kind of processor.' },
  KERNEL_TOO_OLD: { class: 'host', means: 'The kernel is too old for the processor of this host.' },
  KERNEL_LIBRARY_MISSING: { class: 'host', means: 'A library that the kernel needs was not found.' },
  KERNEL_FORGED: {
    class: 'failed',
    means: 'Somebody else sent what only the kernel of the VM may send; it was dropped.',
  },
  KERNEL_UNFIT: { class: 'config', means: 'The kernel cannot run on this host.' },
  KERNEL_ARGUMENT: { class: 'config', means: 'A value cannot be written on the kernel command line.' },
  KERNEL_COMMAND_LINE_TOO_LONG: { class: 'config', means: 'The kernel command line is too long.' },

  GUEST_STATS: { class: 'failed', means: 'The guest does not tell its statistics.' },
  MEM_TRIM: { class: 'failed', means: 'The memory of the guest cannot be trimmed.' },
  NETWORK_TRANSPORT: { class: 'config', means: 'The kernel has no such kind of network interface.' },
  NETWORK_MAC_TAKEN: { class: 'config', means: 'Another interface has this hardware address.' },
  NETWORK_MAC_EXHAUSTED: {
    class: 'failed',
    means: 'The pool of hardware addresses has none left.',
  },
  NETWORK_MAC_FILE: { class: 'failed', means: 'The file of the given hardware addresses is not to be used.' },

  MCONSOLE_COMMAND: { class: 'usage', means: 'Not a command of the management console of the kernel.' },
  MCONSOLE_DOWN: { class: 'unreachable', means: 'The management console of the kernel cannot be reached.' },
  MCONSOLE_TIMEOUT: { class: 'failed', means: 'The kernel did not answer in time.' },
  MCONSOLE_REFUSED: { class: 'failed', means: 'The kernel answered with an error.' },
  MCONSOLE_DEVICE_OPEN: { class: 'state', means: 'The guest has the device open.' },
  MCONSOLE_BUSY: {
    class: 'state',
    means: 'Too many commands wait for the management console of one kernel.',
  },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof errorCatalogue;

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCatalogue, code);
}

/** The transportable form of an error: what RPC, log and `-json` show. */
export interface Failure {
  readonly code: string;
  readonly place: string;
  readonly cause: string;
  readonly hint: string;
}

export class UmlmonError extends Error {
  override readonly name = 'UmlmonError';
  readonly code: ErrorCode;
  readonly place: string;
  readonly reason: string;
  readonly hint: string;
  /** What a console said, to stand after the cause; or ''. For those only who may read consoles: in no event, log, or text of an error. */
  readonly words: string;

  constructor(code: ErrorCode, at: { place: string; cause: string; hint?: string; words?: string }) {
    const cause = withoutPath(at.cause, at.place);
    super(failureText({ code, place: at.place, cause, hint: at.hint ?? '' }));
    this.code = code;
    this.place = at.place;
    this.reason = cause;
    this.hint = at.hint ?? '';
    this.words = at.words ?? '';
  }
}

/** Node's words for a failed system call end with the call and the path: of these, what the place says already. */
function withoutPath(cause: string, place: string): string {
  const [tail, path] = /, [a-z][a-z0-9]* '([^']+)'$/.exec(cause) ?? [];
  if (tail === undefined || path === undefined) return cause;
  return place !== '' && (place.includes(path) || path.endsWith(place))
    ? cause.slice(0, -tail.length)
    : cause;
}

/** "place: cause (hint: hint)", the form for terminals and logs: one line, unless the cause has more. */
export function failureText({ place, cause, hint }: Failure): string {
  const before = cause.endsWith('\n') ? '' : ' ';
  return `${place}${place && ': '}${cause}${hint && `${before}(hint: ${hint})`}`;
}

/** Any thrown value as a Failure; what is not an UmlmonError is a fault of ours or of the system. */
export function toFailure(error: unknown, place = 'umlmon'): Failure {
  if (error instanceof UmlmonError)
    return { code: error.code, place: error.place, cause: error.reason, hint: error.hint };
  if (isSystemError(error))
    return {
      code: 'HOST_SYSTEM_CALL',
      place: error.path ?? place,
      cause: withoutPath(error.message, error.path ?? place),
      hint: '',
    };
  return { code: 'INTERNAL', place, cause: error instanceof Error ? error.message : String(error), hint: '' };
}

/** The same, with what a console said: for those who may read consoles. */
export function toFailureWithWords(error: unknown, place = 'umlmon'): Failure {
  const failure = toFailure(error, place);
  if (!(error instanceof UmlmonError) || error.words === '') return failure;
  return { ...failure, cause: `${failure.cause}${error.words}` };
}

/** Errors of Node's own system calls carry an errno name (`ENOENT`) in `code`. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';
}

export function exitStatusOf(code: string): number {
  return exitStatus[isErrorCode(code) ? errorCatalogue[code].class : 'failed'];
}
