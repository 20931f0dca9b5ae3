// Generated from umlmonctrl.x by `npm run generate`: change that file, not this one.
import { type Codec, XdrError, uhyperCodec, uintCodec, voidCodec } from './codec/xdr.ts';

/** VM names, channels, keys */
export const UMLMON_NAME_MAX = 64;

/** one line or paragraph of text */
export const UMLMON_TEXT_MAX = 4096;

/** bytes of one console or log read or write */
export const UMLMON_DATA_MAX = 65536;

/** settings, events, consoles in one answer */
export const UMLMON_LIST_MAX = 512;

/** longest wait of one call, in milliseconds */
export const UMLMON_WAIT_MAX = 60000;

/** bytes of an answer of the management console */
export const UMLMON_REPLY_MAX = 524288;

/** bytes that draw a screen */
export const UMLMON_REPLAY_MAX = 524288;

/** lines of a picture: scrollback and screen */
export const UMLMON_LINES_MAX = 1200;

export type UmlmonName = string;

export const umlmonNameCodec: Codec<UmlmonName> = {
  encode: (w, v) => w.string(v, UMLMON_NAME_MAX),
  decode: (r) => r.string(UMLMON_NAME_MAX),
};

export type UmlmonText = string;

export const umlmonTextCodec: Codec<UmlmonText> = {
  encode: (w, v) => w.string(v, UMLMON_TEXT_MAX),
  decode: (r) => r.string(UMLMON_TEXT_MAX),
};

export type UmlmonReply = string;

export const umlmonReplyCodec: Codec<UmlmonReply> = {
  encode: (w, v) => w.string(v, UMLMON_REPLY_MAX),
  decode: (r) => r.string(UMLMON_REPLY_MAX),
};

export type UmlmonData = Uint8Array;

export const umlmonDataCodec: Codec<UmlmonData> = {
  encode: (w, v) => w.opaque(v, UMLMON_DATA_MAX),
  decode: (r) => r.opaque(UMLMON_DATA_MAX),
};

/** Why a call failed. `code` is stable (docs/errors.md), the other texts are for users. */
export interface Failure {
  readonly code: UmlmonName;
  /** file:line, section and key, path, or step */
  readonly place: UmlmonText;
  readonly cause: UmlmonText;
  /** may be empty */
  readonly hint: UmlmonText;
}

export const failureCodec: Codec<Failure> = {
  encode: (w, v) => {
    umlmonNameCodec.encode(w, v.code);
    umlmonTextCodec.encode(w, v.place);
    umlmonTextCodec.encode(w, v.cause);
    umlmonTextCodec.encode(w, v.hint);
  },
  decode: (r) => ({
    code: umlmonNameCodec.decode(r),
    place: umlmonTextCodec.decode(r),
    cause: umlmonTextCodec.decode(r),
    hint: umlmonTextCodec.decode(r),
  }),
};

export type AnswerKind =
  | 'ok'
  | 'failed';

const answerKindNumbers: Readonly<Record<AnswerKind, number>> = {
  'ok': 0,
  'failed': 1,
};
export const answerKindCodec: Codec<AnswerKind> = {
  encode: (w, v) => w.int(answerKindNumbers[v]),
  decode: (r) => {
    const value = r.int();
    switch (value) {
      case 0: return 'ok';
      case 1: return 'failed';
      default: throw new XdrError(`${value} is no answer_kind`);
    }
  },
};

/** The states of a VM as its monitor sees them (docs/states.md). */
export type VmState =
  | 'stopped'
  | 'starting'
  | 'running'
  | 'stopping'
  /** unmanaged: a kernel of the VM runs that this monitor did not start and cannot verify */
  | 'unmanaged';

const vmStateNumbers: Readonly<Record<VmState, number>> = {
  'stopped': 0,
  'starting': 1,
  'running': 2,
  'stopping': 3,
  'unmanaged': 4,
};
export const vmStateCodec: Codec<VmState> = {
  encode: (w, v) => w.int(vmStateNumbers[v]),
  decode: (r) => {
    const value = r.int();
    switch (value) {
      case 0: return 'stopped';
      case 1: return 'starting';
      case 2: return 'running';
      case 3: return 'stopping';
      case 4: return 'unmanaged';
      default: throw new XdrError(`${value} is no vm_state`);
    }
  },
};

/** Why the guest ended. */
export type ExitCause =
  /** the guest powered off or halted */
  | 'poweroff'
  /** the guest requested a reboot */
  | 'reboot'
  /** panic, or a fatal signal that the monitor did not send */
  | 'crash'
  /** the monitor killed it on request */
  | 'killed'
  /** the kernel refused to run */
  | 'error'
  /** the monitor killed it because it hung (on_hang) */
  | 'hang';

const exitCauseNumbers: Readonly<Record<ExitCause, number>> = {
  'poweroff': 0,
  'reboot': 1,
  'crash': 2,
  'killed': 3,
  'error': 4,
  'hang': 5,
};
export const exitCauseCodec: Codec<ExitCause> = {
  encode: (w, v) => w.int(exitCauseNumbers[v]),
  decode: (r) => {
    const value = r.int();
    switch (value) {
      case 0: return 'poweroff';
      case 1: return 'reboot';
      case 2: return 'crash';
      case 3: return 'killed';
      case 4: return 'error';
      case 5: return 'hang';
      default: throw new XdrError(`${value} is no exit_cause`);
    }
  },
};

export interface ExitRecord {
  /** milliseconds since 1970 */
  readonly endedAt: number;
  readonly cause: ExitCause;
  /** exit status, or -1 when a signal ended the kernel */
  readonly code: number;
  /** signal number, or 0 */
  readonly signal: number;
  /** user who requested it; empty if it was unexpected */
  readonly askedBy: UmlmonText;
  /** panic text; empty if none */
  readonly panic: UmlmonText;
  /** the last lines of con0; for a panic, those before its call trace */
  readonly lastLines: UmlmonText;
  /** host path of the crash bundle; empty if none */
  readonly bundle: UmlmonText;
  /** reason known to the host: `out of memory: …`; else empty */
  readonly why: UmlmonText;
  /** for a panic, the line of con0 with its cause; else empty */
  readonly con0Reason: UmlmonText;
}

export const exitRecordCodec: Codec<ExitRecord> = {
  encode: (w, v) => {
    w.uhyper(v.endedAt);
    exitCauseCodec.encode(w, v.cause);
    w.int(v.code);
    w.int(v.signal);
    umlmonTextCodec.encode(w, v.askedBy);
    umlmonTextCodec.encode(w, v.panic);
    umlmonTextCodec.encode(w, v.lastLines);
    umlmonTextCodec.encode(w, v.bundle);
    umlmonTextCodec.encode(w, v.why);
    umlmonTextCodec.encode(w, v.con0Reason);
  },
  decode: (r) => ({
    endedAt: r.uhyper(),
    cause: exitCauseCodec.decode(r),
    code: r.int(),
    signal: r.int(),
    askedBy: umlmonTextCodec.decode(r),
    panic: umlmonTextCodec.decode(r),
    lastLines: umlmonTextCodec.decode(r),
    bundle: umlmonTextCodec.decode(r),
    why: umlmonTextCodec.decode(r),
    con0Reason: umlmonTextCodec.decode(r),
  }),
};

/** Why neither a policy nor `start = boot` starts the VM. A start by a user clears it. */
export type HoldKind =
  /** too many unexpected exits: restart_limit */
  | 'restart-limit'
  /** preserved for inspection: on_poweroff, on_reboot or on_crash = preserve */
  | 'preserved';

const holdKindNumbers: Readonly<Record<HoldKind, number>> = {
  'restart-limit': 0,
  'preserved': 1,
};
export const holdKindCodec: Codec<HoldKind> = {
  encode: (w, v) => w.int(holdKindNumbers[v]),
  decode: (r) => {
    const value = r.int();
    switch (value) {
      case 0: return 'restart-limit';
      case 1: return 'preserved';
      default: throw new XdrError(`${value} is no hold_kind`);
    }
  },
};

export interface Hold {
  readonly kind: HoldKind;
  /** milliseconds since 1970 */
  readonly since: number;
  /** one line for users */
  readonly why: UmlmonText;
}

export const holdCodec: Codec<Hold> = {
  encode: (w, v) => {
    holdKindCodec.encode(w, v.kind);
    w.uhyper(v.since);
    umlmonTextCodec.encode(w, v.why);
  },
  decode: (r) => ({
    kind: holdKindCodec.decode(r),
    since: r.uhyper(),
    why: umlmonTextCodec.decode(r),
  }),
};

/** One configuration setting in force. */
export interface Setting {
  readonly key: UmlmonName;
  readonly value: UmlmonText;
  /** file:line, or "default" */
  readonly origin: UmlmonText;
}

export const settingCodec: Codec<Setting> = {
  encode: (w, v) => {
    umlmonNameCodec.encode(w, v.key);
    umlmonTextCodec.encode(w, v.value);
    umlmonTextCodec.encode(w, v.origin);
  },
  decode: (r) => ({
    key: umlmonNameCodec.decode(r),
    value: umlmonTextCodec.decode(r),
    origin: umlmonTextCodec.decode(r),
  }),
};

export interface ConsoleInfo {
  /** con0, ssl3 */
  readonly channel: UmlmonName;
  readonly viewers: number;
  /** guest to host since the monitor started */
  readonly bytesOut: number;
  /** host to guest */
  readonly bytesIn: number;
  /** bytes that could not be logged (disk full) */
  readonly logDropped: number;
  readonly logged: boolean;
  /** why the log cannot be written; empty if it can */
  readonly logError: UmlmonText;
  /** most bytes that a killed monitor read but did not log */
  readonly maybeLost: number;
  /** most bytes of input that the guest has not read */
  readonly inputUnread: number;
  /** read from kernel memory; else estimated */
  readonly inputSeen: boolean;
  /** bytes that clients offer and that wait for the guest */
  readonly inputWaiting: number;
  /** how long they have waited, in milliseconds */
  readonly inputWaitedMs: number;
}

export const consoleInfoCodec: Codec<ConsoleInfo> = {
  encode: (w, v) => {
    umlmonNameCodec.encode(w, v.channel);
    w.uint(v.viewers);
    w.uhyper(v.bytesOut);
    w.uhyper(v.bytesIn);
    w.uhyper(v.logDropped);
    w.bool(v.logged);
    umlmonTextCodec.encode(w, v.logError);
    w.uhyper(v.maybeLost);
    w.uhyper(v.inputUnread);
    w.bool(v.inputSeen);
    w.uhyper(v.inputWaiting);
    w.uhyper(v.inputWaitedMs);
  },
  decode: (r) => ({
    channel: umlmonNameCodec.decode(r),
    viewers: r.uint(),
    bytesOut: r.uhyper(),
    bytesIn: r.uhyper(),
    logDropped: r.uhyper(),
    logged: r.bool(),
    logError: umlmonTextCodec.decode(r),
    maybeLost: r.uhyper(),
    inputUnread: r.uhyper(),
    inputSeen: r.bool(),
    inputWaiting: r.uhyper(),
    inputWaitedMs: r.uhyper(),
  }),
};

export interface Attribute {
  readonly name: UmlmonName;
  readonly value: UmlmonText;
}

export const attributeCodec: Codec<Attribute> = {
  encode: (w, v) => {
    umlmonNameCodec.encode(w, v.name);
    umlmonTextCodec.encode(w, v.value);
  },
  decode: (r) => ({
    name: umlmonNameCodec.decode(r),
    value: umlmonTextCodec.decode(r),
  }),
};

/** Memory of the host that the guest uses, in bytes, before and after a trim. */
export interface TrimReport {
  readonly before: number;
  readonly after: number;
}

export const trimReportCodec: Codec<TrimReport> = {
  encode: (w, v) => {
    w.uhyper(v.before);
    w.uhyper(v.after);
  },
  decode: (r) => ({
    before: r.uhyper(),
    after: r.uhyper(),
  }),
};

export type TrimAnswer =
  | { readonly kind: 'ok'; readonly report: TrimReport }
  | { readonly kind: 'failed'; readonly why: Failure };

export const trimAnswerCodec: Codec<TrimAnswer> = {
  encode: (w, v) => {
    answerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': trimReportCodec.encode(w, v.report); break;
      case 'failed': failureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = answerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind, report: trimReportCodec.decode(r) };
      case 'failed': return { kind, why: failureCodec.decode(r) };
    }
  },
};

export interface DiskStats {
  /** ubda, ubda1 */
  readonly name: UmlmonName;
  readonly reads: number;
  readonly readBytes: number;
  readonly writes: number;
  readonly writtenBytes: number;
}

export const diskStatsCodec: Codec<DiskStats> = {
  encode: (w, v) => {
    umlmonNameCodec.encode(w, v.name);
    w.uhyper(v.reads);
    w.uhyper(v.readBytes);
    w.uhyper(v.writes);
    w.uhyper(v.writtenBytes);
  },
  decode: (r) => ({
    name: umlmonNameCodec.decode(r),
    reads: r.uhyper(),
    readBytes: r.uhyper(),
    writes: r.uhyper(),
    writtenBytes: r.uhyper(),
  }),
};

/** As counted at the tap on the host; directions are those of the guest. */
export interface NetworkStats {
  /** of the guest: vec0 */
  readonly name: UmlmonName;
  /** bytes */
  readonly received: number;
  readonly receivedPackets: number;
  readonly receivedDropped: number;
  readonly sent: number;
  readonly sentPackets: number;
  readonly sentDropped: number;
}

export const networkStatsCodec: Codec<NetworkStats> = {
  encode: (w, v) => {
    umlmonNameCodec.encode(w, v.name);
    w.uhyper(v.received);
    w.uhyper(v.receivedPackets);
    w.uhyper(v.receivedDropped);
    w.uhyper(v.sent);
    w.uhyper(v.sentPackets);
    w.uhyper(v.sentDropped);
  },
  decode: (r) => ({
    name: umlmonNameCodec.decode(r),
    received: r.uhyper(),
    receivedPackets: r.uhyper(),
    receivedDropped: r.uhyper(),
    sent: r.uhyper(),
    sentPackets: r.uhyper(),
    sentDropped: r.uhyper(),
  }),
};

/** Statistics from /proc of the guest, at most one second old. */
export interface GuestStats {
  /** when they were read, in milliseconds since 1970 */
  readonly time: number;
  readonly uptimeMs: number;
  /** load averages in hundredths */
  readonly load1: number;
  readonly load5: number;
  readonly load15: number;
  readonly tasks: number;
  readonly tasksRunnable: number;
  readonly cpuUserMs: number;
  readonly cpuSystemMs: number;
  readonly cpuIdleMs: number;
  readonly cpuIowaitMs: number;
  /** bytes */
  readonly memTotal: number;
  readonly memFree: number;
  readonly memAvailable: number;
  readonly disks: readonly DiskStats[];
  /** those with a tap on the host */
  readonly networks: readonly NetworkStats[];
}

export const guestStatsCodec: Codec<GuestStats> = {
  encode: (w, v) => {
    w.uhyper(v.time);
    w.uhyper(v.uptimeMs);
    w.uint(v.load1);
    w.uint(v.load5);
    w.uint(v.load15);
    w.uint(v.tasks);
    w.uint(v.tasksRunnable);
    w.uhyper(v.cpuUserMs);
    w.uhyper(v.cpuSystemMs);
    w.uhyper(v.cpuIdleMs);
    w.uhyper(v.cpuIowaitMs);
    w.uhyper(v.memTotal);
    w.uhyper(v.memFree);
    w.uhyper(v.memAvailable);
    w.array(v.disks, UMLMON_LIST_MAX, diskStatsCodec);
    w.array(v.networks, UMLMON_LIST_MAX, networkStatsCodec);
  },
  decode: (r) => ({
    time: r.uhyper(),
    uptimeMs: r.uhyper(),
    load1: r.uint(),
    load5: r.uint(),
    load15: r.uint(),
    tasks: r.uint(),
    tasksRunnable: r.uint(),
    cpuUserMs: r.uhyper(),
    cpuSystemMs: r.uhyper(),
    cpuIdleMs: r.uhyper(),
    cpuIowaitMs: r.uhyper(),
    memTotal: r.uhyper(),
    memFree: r.uhyper(),
    memAvailable: r.uhyper(),
    disks: r.array(UMLMON_LIST_MAX, 36, diskStatsCodec),
    networks: r.array(UMLMON_LIST_MAX, 52, networkStatsCodec),
  }),
};

export type StatsAnswer =
  | { readonly kind: 'ok'; readonly stats: GuestStats }
  | { readonly kind: 'failed'; readonly why: Failure };

export const statsAnswerCodec: Codec<StatsAnswer> = {
  encode: (w, v) => {
    answerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': guestStatsCodec.encode(w, v.stats); break;
      case 'failed': failureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = answerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind, stats: guestStatsCodec.decode(r) };
      case 'failed': return { kind, why: failureCodec.decode(r) };
    }
  },
};

/** An answer of the management console of the kernel. */
export interface MconsoleReply {
  /** raw bytes from the kernel: escape them before printing */
  readonly text: UmlmonReply;
  /** part of the answer may be missing */
  readonly truncated: boolean;
}

export const mconsoleReplyCodec: Codec<MconsoleReply> = {
  encode: (w, v) => {
    umlmonReplyCodec.encode(w, v.text);
    w.bool(v.truncated);
  },
  decode: (r) => ({
    text: umlmonReplyCodec.decode(r),
    truncated: r.bool(),
  }),
};

export type MconsoleAnswer =
  | { readonly kind: 'ok'; readonly reply: MconsoleReply }
  | { readonly kind: 'failed'; readonly why: Failure };

export const mconsoleAnswerCodec: Codec<MconsoleAnswer> = {
  encode: (w, v) => {
    answerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': mconsoleReplyCodec.encode(w, v.reply); break;
      case 'failed': failureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = answerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind, reply: mconsoleReplyCodec.decode(r) };
      case 'failed': return { kind, why: failureCodec.decode(r) };
    }
  },
};

/** A paused guest. */
export interface PauseInfo {
  /** milliseconds since 1970 */
  readonly since: number;
  /** user who paused it */
  readonly by: UmlmonText;
  /** when the monitor resumes it; 0 = never (pause_limit) */
  readonly resumesAt: number;
}

export const pauseInfoCodec: Codec<PauseInfo> = {
  encode: (w, v) => {
    w.uhyper(v.since);
    umlmonTextCodec.encode(w, v.by);
    w.uhyper(v.resumesAt);
  },
  decode: (r) => ({
    since: r.uhyper(),
    by: umlmonTextCodec.decode(r),
    resumesAt: r.uhyper(),
  }),
};

export type PauseAnswer =
  | { readonly kind: 'ok'; readonly paused: PauseInfo }
  | { readonly kind: 'failed'; readonly why: Failure };

export const pauseAnswerCodec: Codec<PauseAnswer> = {
  encode: (w, v) => {
    answerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': pauseInfoCodec.encode(w, v.paused); break;
      case 'failed': failureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = answerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind, paused: pauseInfoCodec.decode(r) };
      case 'failed': return { kind, why: failureCodec.decode(r) };
    }
  },
};

/** Readiness of a running VM (umlmon(7), READINESS). */
export type ReadyLevel =
  /** sandbox and kernel process exist */
  | 'launched'
  /** the kernel answers on its management console */
  | 'kernel'
  /** the guest has reported it in /proc/mconsole */
  | 'guest'
  /** a console has shown the text of ready_pattern */
  | 'console';

const readyLevelNumbers: Readonly<Record<ReadyLevel, number>> = {
  'launched': 0,
  'kernel': 1,
  'guest': 2,
  'console': 3,
};
export const readyLevelCodec: Codec<ReadyLevel> = {
  encode: (w, v) => w.int(readyLevelNumbers[v]),
  decode: (r) => {
    const value = r.int();
    switch (value) {
      case 0: return 'launched';
      case 1: return 'kernel';
      case 2: return 'guest';
      case 3: return 'console';
      default: throw new XdrError(`${value} is no ready_level`);
    }
  },
};

export interface LevelReached {
  readonly level: ReadyLevel;
  /** since the start was requested */
  readonly elapsedMs: number;
}

export const levelReachedCodec: Codec<LevelReached> = {
  encode: (w, v) => {
    readyLevelCodec.encode(w, v.level);
    w.uhyper(v.elapsedMs);
  },
  decode: (r) => ({
    level: readyLevelCodec.decode(r),
    elapsedMs: r.uhyper(),
  }),
};

/** A reached level is valid until the kernel has ended. */
export interface Readiness {
  /** the level at which the VM counts as ready */
  readonly configured: ReadyLevel;
  /** that level is reached */
  readonly ready: boolean;
  /** in the order of time */
  readonly reached: readonly LevelReached[];
}

export const readinessCodec: Codec<Readiness> = {
  encode: (w, v) => {
    readyLevelCodec.encode(w, v.configured);
    w.bool(v.ready);
    w.array(v.reached, UMLMON_LIST_MAX, levelReachedCodec);
  },
  decode: (r) => ({
    configured: readyLevelCodec.decode(r),
    ready: r.bool(),
    reached: r.array(UMLMON_LIST_MAX, 12, levelReachedCodec),
  }),
};

export type LinkState =
  /** the VM is stopped, or the host does not report it */
  | 'unknown'
  /** the guest has not set it up */
  | 'down'
  | 'up';

const linkStateNumbers: Readonly<Record<LinkState, number>> = {
  'unknown': 0,
  'down': 1,
  'up': 2,
};
export const linkStateCodec: Codec<LinkState> = {
  encode: (w, v) => w.int(linkStateNumbers[v]),
  decode: (r) => {
    const value = r.int();
    switch (value) {
      case 0: return 'unknown';
      case 1: return 'down';
      case 2: return 'up';
      default: throw new XdrError(`${value} is no link_state`);
    }
  },
};

/** A network interface of the VM. */
export interface NetworkInfo {
  /** N of the key ethN */
  readonly unit: number;
  /** as in the configuration: bridged, nat, tap, … */
  readonly kind: UmlmonName;
  /** its name in the guest: vecN */
  readonly guestInterface: UmlmonName;
  /** its other end on the host; empty if none */
  readonly hostInterface: UmlmonName;
  /** of the guest; empty if the guest chooses one */
  readonly mac: UmlmonName;
  readonly link: LinkState;
  /** bytes that the guest has received and sent; 0 if stopped */
  readonly received: number;
  readonly sent: number;
  /** commands to run in the guest */
  readonly guestCommands: readonly UmlmonText[];
  /** plugged at run time; removed at the next start */
  readonly plugged: boolean;
  /** false: a plug or unplug is in progress or was interrupted */
  readonly settled: boolean;
  readonly receivedPackets: number;
  /** dropped because the guest did not read them */
  readonly receivedDropped: number;
  readonly sentPackets: number;
  readonly sentDropped: number;
}

export const networkInfoCodec: Codec<NetworkInfo> = {
  encode: (w, v) => {
    w.uint(v.unit);
    umlmonNameCodec.encode(w, v.kind);
    umlmonNameCodec.encode(w, v.guestInterface);
    umlmonNameCodec.encode(w, v.hostInterface);
    umlmonNameCodec.encode(w, v.mac);
    linkStateCodec.encode(w, v.link);
    w.uhyper(v.received);
    w.uhyper(v.sent);
    w.array(v.guestCommands, UMLMON_LIST_MAX, umlmonTextCodec);
    w.bool(v.plugged);
    w.bool(v.settled);
    w.uhyper(v.receivedPackets);
    w.uhyper(v.receivedDropped);
    w.uhyper(v.sentPackets);
    w.uhyper(v.sentDropped);
  },
  decode: (r) => ({
    unit: r.uint(),
    kind: umlmonNameCodec.decode(r),
    guestInterface: umlmonNameCodec.decode(r),
    hostInterface: umlmonNameCodec.decode(r),
    mac: umlmonNameCodec.decode(r),
    link: linkStateCodec.decode(r),
    received: r.uhyper(),
    sent: r.uhyper(),
    guestCommands: r.array(UMLMON_LIST_MAX, 4, umlmonTextCodec),
    plugged: r.bool(),
    settled: r.bool(),
    receivedPackets: r.uhyper(),
    receivedDropped: r.uhyper(),
    sentPackets: r.uhyper(),
    sentDropped: r.uhyper(),
  }),
};

/** A disk of a running kernel. */
export interface DiskInfo {
  /** 0: ubd0, ubda in the guest */
  readonly unit: number;
  /** as the jail sees it */
  readonly path: UmlmonText;
  /** of a copy-on-write image; else empty */
  readonly backing: UmlmonText;
  /** options as in the configuration: ro sync nolock notrim serial=TEXT */
  readonly flags: UmlmonText;
  /** bytes of the file or device */
  readonly size: number;
  /** bytes that it uses on the disk of the host */
  readonly allocated: number;
  /** plugged at run time; removed at the next start */
  readonly plugged: boolean;
}

export const diskInfoCodec: Codec<DiskInfo> = {
  encode: (w, v) => {
    w.uint(v.unit);
    umlmonTextCodec.encode(w, v.path);
    umlmonTextCodec.encode(w, v.backing);
    umlmonTextCodec.encode(w, v.flags);
    w.uhyper(v.size);
    w.uhyper(v.allocated);
    w.bool(v.plugged);
  },
  decode: (r) => ({
    unit: r.uint(),
    path: umlmonTextCodec.decode(r),
    backing: umlmonTextCodec.decode(r),
    flags: umlmonTextCodec.decode(r),
    size: r.uhyper(),
    allocated: r.uhyper(),
    plugged: r.bool(),
  }),
};

export interface NetworkWarning {
  readonly what: UmlmonText;
  readonly hint: UmlmonText;
}

export const networkWarningCodec: Codec<NetworkWarning> = {
  encode: (w, v) => {
    umlmonTextCodec.encode(w, v.what);
    umlmonTextCodec.encode(w, v.hint);
  },
  decode: (r) => ({
    what: umlmonTextCodec.decode(r),
    hint: umlmonTextCodec.decode(r),
  }),
};

export interface VmInfo {
  readonly name: UmlmonName;
  readonly state: VmState;
  /** milliseconds since 1970 */
  readonly stateSince: number;
  /** operation in progress; empty if none */
  readonly operation: UmlmonText;
  readonly monitorPid: number;
  /** host pid of the kernel; 0 if stopped */
  readonly kernelPid: number;
  /** as reported by the kernel, without host name; empty if stopped */
  readonly kernelVersion: UmlmonText;
  /** host user of the kernel */
  readonly user: UmlmonText;
  /** guest memory in bytes */
  readonly mem: number;
  /** host cores the VM is pinned to; empty if not pinned */
  readonly cpus: UmlmonText;
  /** ADDRESS:PORT on which the monitor also listens; empty if none */
  readonly tcp: UmlmonText;
  /** host path of the management socket of the kernel; empty if stopped */
  readonly mconsole: UmlmonText;
  /** last message that the guest wrote to /proc/mconsole */
  readonly guestMessage: UmlmonText;
  readonly readiness: Readiness;
  readonly settings: readonly Setting[];
  readonly consoles: readonly ConsoleInfo[];
  readonly lastExit: ExitRecord | null;
  /** sequence number of the next event */
  readonly eventsNext: number;
  /** bytes that could not be written to the log of the monitor */
  readonly logDropped: number;
  /** events `warning` since the monitor started */
  readonly warningCount: number;
  /** the text of the newest; empty if none */
  readonly lastWarning: UmlmonText;
  /** milliseconds since 1970; 0 if the kernel does not hang */
  readonly hungSince: number;
  readonly held: Hold | null;
  readonly networks: readonly NetworkInfo[];
  /** by number; empty while the VM is stopped */
  readonly disks: readonly DiskInfo[];
  readonly paused: PauseInfo | null;
  /** memory of the host that the guest uses, in bytes; 0 if stopped or unknown */
  readonly hostMemory: number;
  /** newest values that the guest reports as key=value */
  readonly guestValues: readonly Attribute[];
  /** table of docs/limits.md → number of refused requests */
  readonly refusals: readonly Attribute[];
  /** current problems of the network on the host */
  readonly networkWarnings: readonly NetworkWarning[];
}

export const vmInfoCodec: Codec<VmInfo> = {
  encode: (w, v) => {
    umlmonNameCodec.encode(w, v.name);
    vmStateCodec.encode(w, v.state);
    w.uhyper(v.stateSince);
    umlmonTextCodec.encode(w, v.operation);
    w.int(v.monitorPid);
    w.int(v.kernelPid);
    umlmonTextCodec.encode(w, v.kernelVersion);
    umlmonTextCodec.encode(w, v.user);
    w.uhyper(v.mem);
    umlmonTextCodec.encode(w, v.cpus);
    umlmonTextCodec.encode(w, v.tcp);
    umlmonTextCodec.encode(w, v.mconsole);
    umlmonTextCodec.encode(w, v.guestMessage);
    readinessCodec.encode(w, v.readiness);
    w.array(v.settings, UMLMON_LIST_MAX, settingCodec);
    w.array(v.consoles, UMLMON_LIST_MAX, consoleInfoCodec);
    w.optional(v.lastExit, exitRecordCodec);
    w.uhyper(v.eventsNext);
    w.uhyper(v.logDropped);
    w.uhyper(v.warningCount);
    umlmonTextCodec.encode(w, v.lastWarning);
    w.uhyper(v.hungSince);
    w.optional(v.held, holdCodec);
    w.array(v.networks, UMLMON_LIST_MAX, networkInfoCodec);
    w.array(v.disks, UMLMON_LIST_MAX, diskInfoCodec);
    w.optional(v.paused, pauseInfoCodec);
    w.uhyper(v.hostMemory);
    w.array(v.guestValues, UMLMON_LIST_MAX, attributeCodec);
    w.array(v.refusals, UMLMON_LIST_MAX, attributeCodec);
    w.array(v.networkWarnings, UMLMON_LIST_MAX, networkWarningCodec);
  },
  decode: (r) => ({
    name: umlmonNameCodec.decode(r),
    state: vmStateCodec.decode(r),
    stateSince: r.uhyper(),
    operation: umlmonTextCodec.decode(r),
    monitorPid: r.int(),
    kernelPid: r.int(),
    kernelVersion: umlmonTextCodec.decode(r),
    user: umlmonTextCodec.decode(r),
    mem: r.uhyper(),
    cpus: umlmonTextCodec.decode(r),
    tcp: umlmonTextCodec.decode(r),
    mconsole: umlmonTextCodec.decode(r),
    guestMessage: umlmonTextCodec.decode(r),
    readiness: readinessCodec.decode(r),
    settings: r.array(UMLMON_LIST_MAX, 12, settingCodec),
    consoles: r.array(UMLMON_LIST_MAX, 76, consoleInfoCodec),
    lastExit: r.optional(exitRecordCodec),
    eventsNext: r.uhyper(),
    logDropped: r.uhyper(),
    warningCount: r.uhyper(),
    lastWarning: umlmonTextCodec.decode(r),
    hungSince: r.uhyper(),
    held: r.optional(holdCodec),
    networks: r.array(UMLMON_LIST_MAX, 84, networkInfoCodec),
    disks: r.array(UMLMON_LIST_MAX, 36, diskInfoCodec),
    paused: r.optional(pauseInfoCodec),
    hostMemory: r.uhyper(),
    guestValues: r.array(UMLMON_LIST_MAX, 8, attributeCodec),
    refusals: r.array(UMLMON_LIST_MAX, 8, attributeCodec),
    networkWarnings: r.array(UMLMON_LIST_MAX, 8, networkWarningCodec),
  }),
};

export type InfoAnswer =
  | { readonly kind: 'ok'; readonly info: VmInfo }
  | { readonly kind: 'failed'; readonly why: Failure };

export const infoAnswerCodec: Codec<InfoAnswer> = {
  encode: (w, v) => {
    answerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': vmInfoCodec.encode(w, v.info); break;
      case 'failed': failureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = answerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind, info: vmInfoCodec.decode(r) };
      case 'failed': return { kind, why: failureCodec.decode(r) };
    }
  },
};

/** The result of an operation (start, stop, kill, backup, restore). */
export interface OperationReport {
  readonly id: number;
  /** the same operation was already in progress */
  readonly joined: boolean;
  /** state of the VM now */
  readonly state: VmState;
  /** since the operation started */
  readonly elapsedMs: number;
  /** one line for users */
  readonly summary: UmlmonText;
}

export const operationReportCodec: Codec<OperationReport> = {
  encode: (w, v) => {
    w.uhyper(v.id);
    w.bool(v.joined);
    vmStateCodec.encode(w, v.state);
    w.uint(v.elapsedMs);
    umlmonTextCodec.encode(w, v.summary);
  },
  decode: (r) => ({
    id: r.uhyper(),
    joined: r.bool(),
    state: vmStateCodec.decode(r),
    elapsedMs: r.uint(),
    summary: umlmonTextCodec.decode(r),
  }),
};

export type OperationAnswer =
  | { readonly kind: 'ok'; readonly report: OperationReport }
  | { readonly kind: 'failed'; readonly why: Failure };

export const operationAnswerCodec: Codec<OperationAnswer> = {
  encode: (w, v) => {
    answerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': operationReportCodec.encode(w, v.report); break;
      case 'failed': failureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = answerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind, report: operationReportCodec.decode(r) };
      case 'failed': return { kind, why: failureCodec.decode(r) };
    }
  },
};

export type SimpleAnswer =
  | { readonly kind: 'ok' }
  | { readonly kind: 'failed'; readonly why: Failure };

export const simpleAnswerCodec: Codec<SimpleAnswer> = {
  encode: (w, v) => {
    answerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': break;
      case 'failed': failureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = answerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind };
      case 'failed': return { kind, why: failureCodec.decode(r) };
    }
  },
};

export interface PlugArgs {
  readonly unit: number;
  /** as the value of ubdN in the configuration: "/disks/data.dsk ro" */
  readonly disk: UmlmonText;
}

export const plugArgsCodec: Codec<PlugArgs> = {
  encode: (w, v) => {
    w.uint(v.unit);
    umlmonTextCodec.encode(w, v.disk);
  },
  decode: (r) => ({
    unit: r.uint(),
    disk: umlmonTextCodec.decode(r),
  }),
};

export interface PlugNetworkArgs {
  /** 0 to 15: ethN */
  readonly unit: number;
  /** as the value of ethN in the configuration: "network(name=lab)" */
  readonly network: UmlmonText;
}

export const plugNetworkArgsCodec: Codec<PlugNetworkArgs> = {
  encode: (w, v) => {
    w.uint(v.unit);
    umlmonTextCodec.encode(w, v.network);
  },
  decode: (r) => ({
    unit: r.uint(),
    network: umlmonTextCodec.decode(r),
  }),
};

export interface StopArgs {
  /** for Ctrl-Alt-Del, at most an hour; 0 = stop_timeout of the configuration */
  readonly timeoutMs: number;
}

export const stopArgsCodec: Codec<StopArgs> = {
  encode: (w, v) => {
    w.uint(v.timeoutMs);
  },
  decode: (r) => ({
    timeoutMs: r.uint(),
  }),
};

export interface AttachArgs {
  readonly channel: UmlmonName;
  /** window of the viewer; 0 = do not change the size */
  readonly columns: number;
  readonly rows: number;
}

export const attachArgsCodec: Codec<AttachArgs> = {
  encode: (w, v) => {
    umlmonNameCodec.encode(w, v.channel);
    w.uint(v.columns);
    w.uint(v.rows);
  },
  decode: (r) => ({
    channel: umlmonNameCodec.decode(r),
    columns: r.uint(),
    rows: r.uint(),
  }),
};

/** Offsets count the bytes a channel has sent since its monitor started. */
export interface Attachment {
  /** valid on this connection only */
  readonly id: number;
  /** oldest byte in the ring */
  readonly oldest: number;
  /** offset of the next byte */
  readonly next: number;
  /** offset of the first byte from the current (or last) kernel */
  readonly began: number;
}

export const attachmentCodec: Codec<Attachment> = {
  encode: (w, v) => {
    w.uint(v.id);
    w.uhyper(v.oldest);
    w.uhyper(v.next);
    w.uhyper(v.began);
  },
  decode: (r) => ({
    id: r.uint(),
    oldest: r.uhyper(),
    next: r.uhyper(),
    began: r.uhyper(),
  }),
};

export type AttachAnswer =
  | { readonly kind: 'ok'; readonly attached: Attachment }
  | { readonly kind: 'failed'; readonly why: Failure };

export const attachAnswerCodec: Codec<AttachAnswer> = {
  encode: (w, v) => {
    answerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': attachmentCodec.encode(w, v.attached); break;
      case 'failed': failureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = answerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind, attached: attachmentCodec.decode(r) };
      case 'failed': return { kind, why: failureCodec.decode(r) };
    }
  },
};

export interface ReadArgs {
  readonly id: number;
  readonly offset: number;
  /** bytes; at most UMLMON_DATA_MAX */
  readonly max: number;
  /** wait for the first byte; at most UMLMON_WAIT_MAX */
  readonly waitMs: number;
}

export const readArgsCodec: Codec<ReadArgs> = {
  encode: (w, v) => {
    w.uint(v.id);
    w.uhyper(v.offset);
    w.uint(v.max);
    w.uint(v.waitMs);
  },
  decode: (r) => ({
    id: r.uint(),
    offset: r.uhyper(),
    max: r.uint(),
    waitMs: r.uint(),
  }),
};

/** `offset` is that of the first byte of `data`. It is larger than requested if earlier bytes are no longer available. */
export interface ReadBytes {
  readonly offset: number;
  readonly data: UmlmonData;
  /** the channel is closed and all output was read */
  readonly ended: boolean;
}

export const readBytesCodec: Codec<ReadBytes> = {
  encode: (w, v) => {
    w.uhyper(v.offset);
    umlmonDataCodec.encode(w, v.data);
    w.bool(v.ended);
  },
  decode: (r) => ({
    offset: r.uhyper(),
    data: umlmonDataCodec.decode(r),
    ended: r.bool(),
  }),
};

export type ReadAnswer =
  | { readonly kind: 'ok'; readonly bytes: ReadBytes }
  | { readonly kind: 'failed'; readonly why: Failure };

export const readAnswerCodec: Codec<ReadAnswer> = {
  encode: (w, v) => {
    answerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': readBytesCodec.encode(w, v.bytes); break;
      case 'failed': failureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = answerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind, bytes: readBytesCodec.decode(r) };
      case 'failed': return { kind, why: failureCodec.decode(r) };
    }
  },
};

export interface WriteArgs {
  readonly id: number;
  readonly data: UmlmonData;
}

export const writeArgsCodec: Codec<WriteArgs> = {
  encode: (w, v) => {
    w.uint(v.id);
    umlmonDataCodec.encode(w, v.data);
  },
  decode: (r) => ({
    id: r.uint(),
    data: umlmonDataCodec.decode(r),
  }),
};

/**
 * The first viewer that writes takes control, until it detaches or another viewer takes control. The other viewers
 * only watch. The monitor accepts as much as the guest has room for (docs/limits.md: unreadInput), possibly less than
 * offered. If the guest has no room, it waits up to 250 ms and then accepts 0: offer the rest again. A later write of
 * any viewer ends the wait of an earlier one.
 */
export type WriteAnswer =
  | { readonly kind: 'ok'; readonly accepted: number }
  | { readonly kind: 'failed'; readonly why: Failure };

export const writeAnswerCodec: Codec<WriteAnswer> = {
  encode: (w, v) => {
    answerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': w.uint(v.accepted); break;
      case 'failed': failureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = answerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind, accepted: r.uint() };
      case 'failed': return { kind, why: failureCodec.decode(r) };
    }
  },
};

export interface ResizeArgs {
  readonly id: number;
  readonly columns: number;
  readonly rows: number;
}

export const resizeArgsCodec: Codec<ResizeArgs> = {
  encode: (w, v) => {
    w.uint(v.id);
    w.uint(v.columns);
    w.uint(v.rows);
  },
  decode: (r) => ({
    id: r.uint(),
    columns: r.uint(),
    rows: r.uint(),
  }),
};

/** A viewer of a console. */
export interface ViewerInfo {
  /** as in the events console-controller; unique for the life of a monitor */
  readonly id: number;
  readonly channel: UmlmonName;
  readonly by: UmlmonText;
  /** milliseconds since 1970 */
  readonly since: number;
  /** is the controller */
  readonly controls: boolean;
  /** time of its last input, or when it took control, in milliseconds since 1970; 0 = never */
  readonly typedAt: number;
  /** offset up to which it has read: a read acknowledges all earlier bytes */
  readonly acknowledged: number;
  /** unread bytes */
  readonly behind: number;
  /** bytes that it missed because it was too slow */
  readonly skipped: number;
}

export const viewerInfoCodec: Codec<ViewerInfo> = {
  encode: (w, v) => {
    w.uint(v.id);
    umlmonNameCodec.encode(w, v.channel);
    umlmonTextCodec.encode(w, v.by);
    w.uhyper(v.since);
    w.bool(v.controls);
    w.uhyper(v.typedAt);
    w.uhyper(v.acknowledged);
    w.uhyper(v.behind);
    w.uhyper(v.skipped);
  },
  decode: (r) => ({
    id: r.uint(),
    channel: umlmonNameCodec.decode(r),
    by: umlmonTextCodec.decode(r),
    since: r.uhyper(),
    controls: r.bool(),
    typedAt: r.uhyper(),
    acknowledged: r.uhyper(),
    behind: r.uhyper(),
    skipped: r.uhyper(),
  }),
};

/** Controllers come first. */
export interface ViewerList {
  readonly viewers: readonly ViewerInfo[];
}

export const viewerListCodec: Codec<ViewerList> = {
  encode: (w, v) => {
    w.array(v.viewers, UMLMON_LIST_MAX, viewerInfoCodec);
  },
  decode: (r) => ({
    viewers: r.array(UMLMON_LIST_MAX, 56, viewerInfoCodec),
  }),
};

export type ViewerListAnswer =
  | { readonly kind: 'ok'; readonly list: ViewerList }
  | { readonly kind: 'failed'; readonly why: Failure };

export const viewerListAnswerCodec: Codec<ViewerListAnswer> = {
  encode: (w, v) => {
    answerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': viewerListCodec.encode(w, v.list); break;
      case 'failed': failureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = answerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind, list: viewerListCodec.decode(r) };
      case 'failed': return { kind, why: failureCodec.decode(r) };
    }
  },
};

export type ControlAction =
  /** request: succeeds without a controller, or if that is idle for control_idle */
  | 'request'
  /** take control from the current controller */
  | 'take'
  | 'release';

const controlActionNumbers: Readonly<Record<ControlAction, number>> = {
  'request': 0,
  'take': 1,
  'release': 2,
};
export const controlActionCodec: Codec<ControlAction> = {
  encode: (w, v) => w.int(controlActionNumbers[v]),
  decode: (r) => {
    const value = r.int();
    switch (value) {
      case 0: return 'request';
      case 1: return 'take';
      case 2: return 'release';
      default: throw new XdrError(`${value} is no control_action`);
    }
  },
};

export interface ControlArgs {
  readonly id: number;
  readonly action: ControlAction;
}

export const controlArgsCodec: Codec<ControlArgs> = {
  encode: (w, v) => {
    w.uint(v.id);
    controlActionCodec.encode(w, v.action);
  },
  decode: (r) => ({
    id: r.uint(),
    action: controlActionCodec.decode(r),
  }),
};

export interface ConsoleControl {
  readonly yours: boolean;
  /** the current controller */
  readonly controller: ViewerInfo | null;
}

export const consoleControlCodec: Codec<ConsoleControl> = {
  encode: (w, v) => {
    w.bool(v.yours);
    w.optional(v.controller, viewerInfoCodec);
  },
  decode: (r) => ({
    yours: r.bool(),
    controller: r.optional(viewerInfoCodec),
  }),
};

export type ControlAnswer =
  | { readonly kind: 'ok'; readonly control: ConsoleControl }
  | { readonly kind: 'failed'; readonly why: Failure };

export const controlAnswerCodec: Codec<ControlAnswer> = {
  encode: (w, v) => {
    answerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': consoleControlCodec.encode(w, v.control); break;
      case 'failed': failureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = answerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind, control: consoleControlCodec.decode(r) };
      case 'failed': return { kind, why: failureCodec.decode(r) };
    }
  },
};

export interface ScreenArgs {
  readonly channel: UmlmonName;
  /** most lines of scrollback before the screen */
  readonly history: number;
}

export const screenArgsCodec: Codec<ScreenArgs> = {
  encode: (w, v) => {
    umlmonNameCodec.encode(w, v.channel);
    w.uint(v.history);
  },
  decode: (r) => ({
    channel: umlmonNameCodec.decode(r),
    history: r.uint(),
  }),
};

/**
 * Bytes that draw the screen of a channel on a terminal of this size after a reset. Continue with the bytes from
 * `offset`: then none is missing or repeated.
 */
export interface ScreenReplay {
  readonly offset: number;
  readonly columns: number;
  readonly rows: number;
  /** lines of scrollback in it, drawn before the screen */
  readonly history: number;
  /** a full-screen program is running */
  readonly full: boolean;
  readonly data: Uint8Array;
}

export const screenReplayCodec: Codec<ScreenReplay> = {
  encode: (w, v) => {
    w.uhyper(v.offset);
    w.uint(v.columns);
    w.uint(v.rows);
    w.uint(v.history);
    w.bool(v.full);
    w.opaque(v.data, UMLMON_REPLAY_MAX);
  },
  decode: (r) => ({
    offset: r.uhyper(),
    columns: r.uint(),
    rows: r.uint(),
    history: r.uint(),
    full: r.bool(),
    data: r.opaque(UMLMON_REPLAY_MAX),
  }),
};

export type ReplayAnswer =
  | { readonly kind: 'ok'; readonly replay: ScreenReplay }
  | { readonly kind: 'failed'; readonly why: Failure };

export const replayAnswerCodec: Codec<ReplayAnswer> = {
  encode: (w, v) => {
    answerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': screenReplayCodec.encode(w, v.replay); break;
      case 'failed': failureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = answerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind, replay: screenReplayCodec.decode(r) };
      case 'failed': return { kind, why: failureCodec.decode(r) };
    }
  },
};

/** Adjacent cells with the same style. Colours: 0 = default, 2^24 + palette index, 2^25 + 0xRRGGBB. */
export interface ScreenRun {
  readonly text: UmlmonText;
  /** width in columns */
  readonly cells: number;
  readonly foreground: number;
  readonly background: number;
  /** 1 bold, 2 dim, 4 italic, 8 underlined, 16 blinks, 32 inverse, 64 hidden, 128 struck, 256 overlined */
  readonly style: number;
}

export const screenRunCodec: Codec<ScreenRun> = {
  encode: (w, v) => {
    umlmonTextCodec.encode(w, v.text);
    w.uint(v.cells);
    w.uint(v.foreground);
    w.uint(v.background);
    w.uint(v.style);
  },
  decode: (r) => ({
    text: umlmonTextCodec.decode(r),
    cells: r.uint(),
    foreground: r.uint(),
    background: r.uint(),
    style: r.uint(),
  }),
};

/** Trailing empty cells are omitted. */
export interface ScreenLine {
  /** continues the previous line */
  readonly wrapped: boolean;
  readonly runs: readonly ScreenRun[];
}

export const screenLineCodec: Codec<ScreenLine> = {
  encode: (w, v) => {
    w.bool(v.wrapped);
    w.array(v.runs, UMLMON_LIST_MAX, screenRunCodec);
  },
  decode: (r) => ({
    wrapped: r.bool(),
    runs: r.array(UMLMON_LIST_MAX, 20, screenRunCodec),
  }),
};

export interface ScreenPicture {
  /** of the first byte after the picture */
  readonly offset: number;
  readonly columns: number;
  readonly rows: number;
  /** starts at 0 */
  readonly cursorColumn: number;
  /** of the screen */
  readonly cursorRow: number;
  readonly cursorVisible: boolean;
  /** the alternate screen, which has no scrollback */
  readonly alternate: boolean;
  /** earlier lines that were not requested or exceed the limit */
  readonly omitted: number;
  /** how many of `lines` are scrollback; the others are the screen */
  readonly history: number;
  readonly lines: readonly ScreenLine[];
}

export const screenPictureCodec: Codec<ScreenPicture> = {
  encode: (w, v) => {
    w.uhyper(v.offset);
    w.uint(v.columns);
    w.uint(v.rows);
    w.uint(v.cursorColumn);
    w.uint(v.cursorRow);
    w.bool(v.cursorVisible);
    w.bool(v.alternate);
    w.uint(v.omitted);
    w.uint(v.history);
    w.array(v.lines, UMLMON_LINES_MAX, screenLineCodec);
  },
  decode: (r) => ({
    offset: r.uhyper(),
    columns: r.uint(),
    rows: r.uint(),
    cursorColumn: r.uint(),
    cursorRow: r.uint(),
    cursorVisible: r.bool(),
    alternate: r.bool(),
    omitted: r.uint(),
    history: r.uint(),
    lines: r.array(UMLMON_LINES_MAX, 8, screenLineCodec),
  }),
};

export type PictureAnswer =
  | { readonly kind: 'ok'; readonly picture: ScreenPicture }
  | { readonly kind: 'failed'; readonly why: Failure };

export const pictureAnswerCodec: Codec<PictureAnswer> = {
  encode: (w, v) => {
    answerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': screenPictureCodec.encode(w, v.picture); break;
      case 'failed': failureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = answerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind, picture: screenPictureCodec.decode(r) };
      case 'failed': return { kind, why: failureCodec.decode(r) };
    }
  },
};

export interface NoteArgs {
  readonly channel: UmlmonName;
  /** one line */
  readonly text: UmlmonText;
}

export const noteArgsCodec: Codec<NoteArgs> = {
  encode: (w, v) => {
    umlmonNameCodec.encode(w, v.channel);
    umlmonTextCodec.encode(w, v.text);
  },
  decode: (r) => ({
    channel: umlmonNameCodec.decode(r),
    text: umlmonTextCodec.decode(r),
  }),
};

/** Offsets of a log count all bytes ever logged, across rotations. The reader keeps its own offset. */
export interface LogReadArgs {
  readonly channel: UmlmonName;
  /** beyond the end: start at the end */
  readonly offset: number;
  readonly max: number;
  readonly waitMs: number;
}

export const logReadArgsCodec: Codec<LogReadArgs> = {
  encode: (w, v) => {
    umlmonNameCodec.encode(w, v.channel);
    w.uhyper(v.offset);
    w.uint(v.max);
    w.uint(v.waitMs);
  },
  decode: (r) => ({
    channel: umlmonNameCodec.decode(r),
    offset: r.uhyper(),
    max: r.uint(),
    waitMs: r.uint(),
  }),
};

export interface LogBytes {
  /** of the first byte of `data` */
  readonly offset: number;
  readonly data: UmlmonData;
  /** oldest byte after rotation */
  readonly oldest: number;
  /** offset of the next byte */
  readonly end: number;
}

export const logBytesCodec: Codec<LogBytes> = {
  encode: (w, v) => {
    w.uhyper(v.offset);
    umlmonDataCodec.encode(w, v.data);
    w.uhyper(v.oldest);
    w.uhyper(v.end);
  },
  decode: (r) => ({
    offset: r.uhyper(),
    data: umlmonDataCodec.decode(r),
    oldest: r.uhyper(),
    end: r.uhyper(),
  }),
};

export type LogReadAnswer =
  | { readonly kind: 'ok'; readonly bytes: LogBytes }
  | { readonly kind: 'failed'; readonly why: Failure };

export const logReadAnswerCodec: Codec<LogReadAnswer> = {
  encode: (w, v) => {
    answerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': logBytesCodec.encode(w, v.bytes); break;
      case 'failed': failureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = answerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind, bytes: logBytesCodec.decode(r) };
      case 'failed': return { kind, why: failureCodec.decode(r) };
    }
  },
};

export interface Event {
  /** 1, 2, 3 … for the life of a monitor */
  readonly sequence: number;
  /** milliseconds since 1970 */
  readonly time: number;
  /** docs/events.md */
  readonly kind: UmlmonName;
  /** one line for users */
  readonly text: UmlmonText;
  readonly attributes: readonly Attribute[];
}

export const eventCodec: Codec<Event> = {
  encode: (w, v) => {
    w.uhyper(v.sequence);
    w.uhyper(v.time);
    umlmonNameCodec.encode(w, v.kind);
    umlmonTextCodec.encode(w, v.text);
    w.array(v.attributes, UMLMON_LIST_MAX, attributeCodec);
  },
  decode: (r) => ({
    sequence: r.uhyper(),
    time: r.uhyper(),
    kind: umlmonNameCodec.decode(r),
    text: umlmonTextCodec.decode(r),
    attributes: r.array(UMLMON_LIST_MAX, 8, attributeCodec),
  }),
};

export interface EventsArgs {
  /** first sequence number; 0 = new events only */
  readonly since: number;
  readonly max: number;
  readonly waitMs: number;
}

export const eventsArgsCodec: Codec<EventsArgs> = {
  encode: (w, v) => {
    w.uhyper(v.since);
    w.uint(v.max);
    w.uint(v.waitMs);
  },
  decode: (r) => ({
    since: r.uhyper(),
    max: r.uint(),
    waitMs: r.uint(),
  }),
};

/**
 * The call fails with EVENTS_LOST if `since` is older than the oldest event. Later, gaps in the numbers show which
 * events are missing. The oldest events of the most active client or guest are dropped first.
 */
export interface EventList {
  readonly events: readonly Event[];
  /** pass this as `since` in the next call */
  readonly next: number;
}

export const eventListCodec: Codec<EventList> = {
  encode: (w, v) => {
    w.array(v.events, UMLMON_LIST_MAX, eventCodec);
    w.uhyper(v.next);
  },
  decode: (r) => ({
    events: r.array(UMLMON_LIST_MAX, 28, eventCodec),
    next: r.uhyper(),
  }),
};

export type EventsAnswer =
  | { readonly kind: 'ok'; readonly list: EventList }
  | { readonly kind: 'failed'; readonly why: Failure };

export const eventsAnswerCodec: Codec<EventsAnswer> = {
  encode: (w, v) => {
    answerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': eventListCodec.encode(w, v.list); break;
      case 'failed': failureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = answerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind, list: eventListCodec.decode(r) };
      case 'failed': return { kind, why: failureCodec.decode(r) };
    }
  },
};

export interface CrashFile {
  /** within its bundle */
  readonly path: UmlmonName;
  readonly bytes: number;
}

export const crashFileCodec: Codec<CrashFile> = {
  encode: (w, v) => {
    umlmonNameCodec.encode(w, v.path);
    w.uhyper(v.bytes);
  },
  decode: (r) => ({
    path: umlmonNameCodec.decode(r),
    bytes: r.uhyper(),
  }),
};

/** The crash bundle of an unexpected exit (umlmon(7)). */
export interface CrashBundle {
  readonly name: UmlmonName;
  /** milliseconds since 1970 */
  readonly endedAt: number;
  /** crash, error or hang */
  readonly cause: UmlmonName;
  /** panic text; empty if none */
  readonly panic: UmlmonText;
  readonly files: readonly CrashFile[];
}

export const crashBundleCodec: Codec<CrashBundle> = {
  encode: (w, v) => {
    umlmonNameCodec.encode(w, v.name);
    w.uhyper(v.endedAt);
    umlmonNameCodec.encode(w, v.cause);
    umlmonTextCodec.encode(w, v.panic);
    w.array(v.files, UMLMON_LIST_MAX, crashFileCodec);
  },
  decode: (r) => ({
    name: umlmonNameCodec.decode(r),
    endedAt: r.uhyper(),
    cause: umlmonNameCodec.decode(r),
    panic: umlmonTextCodec.decode(r),
    files: r.array(UMLMON_LIST_MAX, 12, crashFileCodec),
  }),
};

/** From oldest to newest. */
export interface CrashList {
  readonly bundles: readonly CrashBundle[];
  /** bundles that could not be written since the monitor started */
  readonly lost: number;
}

export const crashListCodec: Codec<CrashList> = {
  encode: (w, v) => {
    w.array(v.bundles, UMLMON_LIST_MAX, crashBundleCodec);
    w.uint(v.lost);
  },
  decode: (r) => ({
    bundles: r.array(UMLMON_LIST_MAX, 24, crashBundleCodec),
    lost: r.uint(),
  }),
};

export type CrashListAnswer =
  | { readonly kind: 'ok'; readonly list: CrashList }
  | { readonly kind: 'failed'; readonly why: Failure };

export const crashListAnswerCodec: Codec<CrashListAnswer> = {
  encode: (w, v) => {
    answerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': crashListCodec.encode(w, v.list); break;
      case 'failed': failureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = answerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind, list: crashListCodec.decode(r) };
      case 'failed': return { kind, why: failureCodec.decode(r) };
    }
  },
};

export interface CrashReadArgs {
  readonly bundle: UmlmonName;
  /** a path of the list; other paths are never opened */
  readonly file: UmlmonName;
  readonly offset: number;
  /** bytes; at most UMLMON_DATA_MAX */
  readonly max: number;
}

export const crashReadArgsCodec: Codec<CrashReadArgs> = {
  encode: (w, v) => {
    umlmonNameCodec.encode(w, v.bundle);
    umlmonNameCodec.encode(w, v.file);
    w.uhyper(v.offset);
    w.uint(v.max);
  },
  decode: (r) => ({
    bundle: umlmonNameCodec.decode(r),
    file: umlmonNameCodec.decode(r),
    offset: r.uhyper(),
    max: r.uint(),
  }),
};

/** Empty data means that `offset` is at or after the end of the file. */
export interface CrashBytes {
  readonly data: UmlmonData;
  /** of the whole file */
  readonly size: number;
}

export const crashBytesCodec: Codec<CrashBytes> = {
  encode: (w, v) => {
    umlmonDataCodec.encode(w, v.data);
    w.uhyper(v.size);
  },
  decode: (r) => ({
    data: umlmonDataCodec.decode(r),
    size: r.uhyper(),
  }),
};

export type CrashReadAnswer =
  | { readonly kind: 'ok'; readonly bytes: CrashBytes }
  | { readonly kind: 'failed'; readonly why: Failure };

export const crashReadAnswerCodec: Codec<CrashReadAnswer> = {
  encode: (w, v) => {
    answerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': crashBytesCodec.encode(w, v.bytes); break;
      case 'failed': failureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = answerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind, bytes: crashBytesCodec.decode(r) };
      case 'failed': return { kind, why: failureCodec.decode(r) };
    }
  },
};

/** The format of an image, from the suffix of its name. */
export type ImageKind =
  /** .dsk, a file */
  | 'flat'
  /** .cow, a copy-on-write file */
  | 'cow'
  /** .dev, a block device */
  | 'device';

const imageKindNumbers: Readonly<Record<ImageKind, number>> = {
  'flat': 0,
  'cow': 1,
  'device': 2,
};
export const imageKindCodec: Codec<ImageKind> = {
  encode: (w, v) => w.int(imageKindNumbers[v]),
  decode: (r) => {
    const value = r.int();
    switch (value) {
      case 0: return 'flat';
      case 1: return 'cow';
      case 2: return 'device';
      default: throw new XdrError(`${value} is no image_kind`);
    }
  },
};

export interface ImageHolder {
  /** a VM, or a tool with its process or job */
  readonly holder: UmlmonText;
  readonly writes: boolean;
}

export const imageHolderCodec: Codec<ImageHolder> = {
  encode: (w, v) => {
    umlmonTextCodec.encode(w, v.holder);
    w.bool(v.writes);
  },
  decode: (r) => ({
    holder: umlmonTextCodec.decode(r),
    writes: r.bool(),
  }),
};

/** An image of the VM (/disks), or of all VMs (/shared/disks). Paths are those of the jail. */
export interface ImageInfo {
  readonly path: UmlmonText;
  readonly kind: ImageKind;
  /** bytes; for a COW image, as the guest sees it */
  readonly size: number;
  /** bytes that it uses in the file system of the host */
  readonly allocated: number;
  /** of a COW image; empty for others */
  readonly backing: UmlmonText;
  readonly holders: readonly ImageHolder[];
  /** oldest first */
  readonly snapshots: readonly UmlmonName[];
  /** why it is unusable; empty if no problem is known */
  readonly problem: UmlmonText;
}

export const imageInfoCodec: Codec<ImageInfo> = {
  encode: (w, v) => {
    umlmonTextCodec.encode(w, v.path);
    imageKindCodec.encode(w, v.kind);
    w.uhyper(v.size);
    w.uhyper(v.allocated);
    umlmonTextCodec.encode(w, v.backing);
    w.array(v.holders, UMLMON_LIST_MAX, imageHolderCodec);
    w.array(v.snapshots, UMLMON_LIST_MAX, umlmonNameCodec);
    umlmonTextCodec.encode(w, v.problem);
  },
  decode: (r) => ({
    path: umlmonTextCodec.decode(r),
    kind: imageKindCodec.decode(r),
    size: r.uhyper(),
    allocated: r.uhyper(),
    backing: umlmonTextCodec.decode(r),
    holders: r.array(UMLMON_LIST_MAX, 8, imageHolderCodec),
    snapshots: r.array(UMLMON_LIST_MAX, 4, umlmonNameCodec),
    problem: umlmonTextCodec.decode(r),
  }),
};

export interface DiskListArgs {
  /** continue after this path; empty = start */
  readonly after: UmlmonText;
  readonly max: number;
}

export const diskListArgsCodec: Codec<DiskListArgs> = {
  encode: (w, v) => {
    umlmonTextCodec.encode(w, v.after);
    w.uint(v.max);
  },
  decode: (r) => ({
    after: umlmonTextCodec.decode(r),
    max: r.uint(),
  }),
};

/** In the order of the paths. */
export interface ImageList {
  readonly images: readonly ImageInfo[];
  /** call again with the last path */
  readonly more: boolean;
  /** unreadable images; in the first answer only */
  readonly failures: readonly Failure[];
}

export const imageListCodec: Codec<ImageList> = {
  encode: (w, v) => {
    w.array(v.images, UMLMON_LIST_MAX, imageInfoCodec);
    w.bool(v.more);
    w.array(v.failures, UMLMON_LIST_MAX, failureCodec);
  },
  decode: (r) => ({
    images: r.array(UMLMON_LIST_MAX, 40, imageInfoCodec),
    more: r.bool(),
    failures: r.array(UMLMON_LIST_MAX, 16, failureCodec),
  }),
};

export type DiskListAnswer =
  | { readonly kind: 'ok'; readonly list: ImageList }
  | { readonly kind: 'failed'; readonly why: Failure };

export const diskListAnswerCodec: Codec<DiskListAnswer> = {
  encode: (w, v) => {
    answerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': imageListCodec.encode(w, v.list); break;
      case 'failed': failureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = answerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind, list: imageListCodec.decode(r) };
      case 'failed': return { kind, why: failureCodec.decode(r) };
    }
  },
};

export interface CowInfo {
  /** version of the COW format, 1 to 3 */
  readonly format: number;
  /** bytes that the guest has changed */
  readonly changed: number;
  /** a merge into the backing file was interrupted: repeat it */
  readonly merging: boolean;
}

export const cowInfoCodec: Codec<CowInfo> = {
  encode: (w, v) => {
    w.uint(v.format);
    w.uhyper(v.changed);
    w.bool(v.merging);
  },
  decode: (r) => ({
    format: r.uint(),
    changed: r.uhyper(),
    merging: r.bool(),
  }),
};

export interface ImageDetails {
  readonly image: ImageInfo;
  /** file system or partitions; empty if unknown */
  readonly content: UmlmonText;
  /** why the kernel would read wrong data through a COW image; empty if none */
  readonly hazard: UmlmonText;
  readonly cow: CowInfo | null;
}

export const imageDetailsCodec: Codec<ImageDetails> = {
  encode: (w, v) => {
    imageInfoCodec.encode(w, v.image);
    umlmonTextCodec.encode(w, v.content);
    umlmonTextCodec.encode(w, v.hazard);
    w.optional(v.cow, cowInfoCodec);
  },
  decode: (r) => ({
    image: imageInfoCodec.decode(r),
    content: umlmonTextCodec.decode(r),
    hazard: umlmonTextCodec.decode(r),
    cow: r.optional(cowInfoCodec),
  }),
};

export type DiskInfoAnswer =
  | { readonly kind: 'ok'; readonly details: ImageDetails }
  | { readonly kind: 'failed'; readonly why: Failure };

export const diskInfoAnswerCodec: Codec<DiskInfoAnswer> = {
  encode: (w, v) => {
    answerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': imageDetailsCodec.encode(w, v.details); break;
      case 'failed': failureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = answerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind, details: imageDetailsCodec.decode(r) };
      case 'failed': return { kind, why: failureCodec.decode(r) };
    }
  },
};

export type DiskCommand =
  | 'create'
  | 'delete'
  | 'copy'
  | 'resize'
  /** a COW image or device to a flat image, or zeros to holes */
  | 'convert'
  | 'check'
  | 'cow-create'
  | 'cow-merge'
  | 'cow-rebase'
  | 'snapshot'
  | 'rollback'
  | 'snapshot-delete';

const diskCommandNumbers: Readonly<Record<DiskCommand, number>> = {
  'create': 0,
  'delete': 1,
  'copy': 2,
  'resize': 3,
  'convert': 4,
  'check': 5,
  'cow-create': 6,
  'cow-merge': 7,
  'cow-rebase': 8,
  'snapshot': 9,
  'rollback': 10,
  'snapshot-delete': 11,
};
export const diskCommandCodec: Codec<DiskCommand> = {
  encode: (w, v) => w.int(diskCommandNumbers[v]),
  decode: (r) => {
    const value = r.int();
    switch (value) {
      case 0: return 'create';
      case 1: return 'delete';
      case 2: return 'copy';
      case 3: return 'resize';
      case 4: return 'convert';
      case 5: return 'check';
      case 6: return 'cow-create';
      case 7: return 'cow-merge';
      case 8: return 'cow-rebase';
      case 9: return 'snapshot';
      case 10: return 'rollback';
      case 11: return 'snapshot-delete';
      default: throw new XdrError(`${value} is no disk_command`);
    }
  },
};

export interface SizedImage {
  readonly image: UmlmonText;
  /** bytes */
  readonly size: number;
  /** create: with an ext4 file system; resize: its file system too */
  readonly filesystem: boolean;
}

export const sizedImageCodec: Codec<SizedImage> = {
  encode: (w, v) => {
    umlmonTextCodec.encode(w, v.image);
    w.uhyper(v.size);
    w.bool(v.filesystem);
  },
  decode: (r) => ({
    image: umlmonTextCodec.decode(r),
    size: r.uhyper(),
    filesystem: r.bool(),
  }),
};

export interface ImagePair {
  readonly image: UmlmonText;
  /** the new image, or the backing file; empty = merge into the backing file */
  readonly other: UmlmonText;
}

export const imagePairCodec: Codec<ImagePair> = {
  encode: (w, v) => {
    umlmonTextCodec.encode(w, v.image);
    umlmonTextCodec.encode(w, v.other);
  },
  decode: (r) => ({
    image: umlmonTextCodec.decode(r),
    other: umlmonTextCodec.decode(r),
  }),
};

export interface CowRebase {
  readonly image: UmlmonText;
  /** the new backing file */
  readonly backing: UmlmonText;
  /** its content equals that of the previous one, which is missing or modified */
  readonly sameContent: boolean;
}

export const cowRebaseCodec: Codec<CowRebase> = {
  encode: (w, v) => {
    umlmonTextCodec.encode(w, v.image);
    umlmonTextCodec.encode(w, v.backing);
    w.bool(v.sameContent);
  },
  decode: (r) => ({
    image: umlmonTextCodec.decode(r),
    backing: umlmonTextCodec.decode(r),
    sameContent: r.bool(),
  }),
};

export interface ImageSnapshot {
  readonly image: UmlmonText;
  readonly name: UmlmonName;
}

export const imageSnapshotCodec: Codec<ImageSnapshot> = {
  encode: (w, v) => {
    umlmonTextCodec.encode(w, v.image);
    umlmonNameCodec.encode(w, v.name);
  },
  decode: (r) => ({
    image: umlmonTextCodec.decode(r),
    name: umlmonNameCodec.decode(r),
  }),
};

/** Only images of /disks can be written. Images of /shared/disks can be copied, checked, and used as backing files. */
export type DiskRequest =
  | { readonly verb: 'create' | 'resize'; readonly sized: SizedImage }
  | { readonly verb: 'delete' | 'check'; readonly image: UmlmonText }
  | { readonly verb: 'copy' | 'convert' | 'cow-create' | 'cow-merge'; readonly pair: ImagePair }
  | { readonly verb: 'cow-rebase'; readonly rebase: CowRebase }
  | { readonly verb: 'snapshot' | 'rollback' | 'snapshot-delete'; readonly snapshot: ImageSnapshot };

export const diskRequestCodec: Codec<DiskRequest> = {
  encode: (w, v) => {
    diskCommandCodec.encode(w, v.verb);
    switch (v.verb) {
      case 'create': case 'resize': sizedImageCodec.encode(w, v.sized); break;
      case 'delete': case 'check': umlmonTextCodec.encode(w, v.image); break;
      case 'copy': case 'convert': case 'cow-create': case 'cow-merge': imagePairCodec.encode(w, v.pair); break;
      case 'cow-rebase': cowRebaseCodec.encode(w, v.rebase); break;
      case 'snapshot': case 'rollback': case 'snapshot-delete': imageSnapshotCodec.encode(w, v.snapshot); break;
    }
  },
  decode: (r) => {
    const verb = diskCommandCodec.decode(r);
    switch (verb) {
      case 'create': case 'resize': return { verb, sized: sizedImageCodec.decode(r) };
      case 'delete': case 'check': return { verb, image: umlmonTextCodec.decode(r) };
      case 'copy': case 'convert': case 'cow-create': case 'cow-merge': return { verb, pair: imagePairCodec.decode(r) };
      case 'cow-rebase': return { verb, rebase: cowRebaseCodec.decode(r) };
      case 'snapshot': case 'rollback': case 'snapshot-delete': return { verb, snapshot: imageSnapshotCodec.decode(r) };
    }
  },
};

export type JobState =
  | 'running'
  | 'done'
  | 'failed'
  /** all changes were undone */
  | 'cancelled';

const jobStateNumbers: Readonly<Record<JobState, number>> = {
  'running': 0,
  'done': 1,
  'failed': 2,
  'cancelled': 3,
};
export const jobStateCodec: Codec<JobState> = {
  encode: (w, v) => w.int(jobStateNumbers[v]),
  decode: (r) => {
    const value = r.int();
    switch (value) {
      case 0: return 'running';
      case 1: return 'done';
      case 2: return 'failed';
      case 3: return 'cancelled';
      default: throw new XdrError(`${value} is no job_state`);
    }
  },
};

export interface JobResult {
  /** one line for users */
  readonly summary: UmlmonText;
  /** the created or changed image */
  readonly image: UmlmonText;
  /** bytes written, or size of the image */
  readonly bytes: number;
  /** some lines of the output of a tool; may be empty */
  readonly report: UmlmonText;
}

export const jobResultCodec: Codec<JobResult> = {
  encode: (w, v) => {
    umlmonTextCodec.encode(w, v.summary);
    umlmonTextCodec.encode(w, v.image);
    w.uhyper(v.bytes);
    umlmonTextCodec.encode(w, v.report);
  },
  decode: (r) => ({
    summary: umlmonTextCodec.decode(r),
    image: umlmonTextCodec.decode(r),
    bytes: r.uhyper(),
    report: umlmonTextCodec.decode(r),
  }),
};

export type JobOutcome =
  | { readonly state: 'running' }
  | { readonly state: 'done'; readonly result: JobResult }
  | { readonly state: 'failed'; readonly why: Failure }
  | { readonly state: 'cancelled' };

export const jobOutcomeCodec: Codec<JobOutcome> = {
  encode: (w, v) => {
    jobStateCodec.encode(w, v.state);
    switch (v.state) {
      case 'running': break;
      case 'done': jobResultCodec.encode(w, v.result); break;
      case 'failed': failureCodec.encode(w, v.why); break;
      case 'cancelled': break;
    }
  },
  decode: (r) => {
    const state = jobStateCodec.decode(r);
    switch (state) {
      case 'running': return { state };
      case 'done': return { state, result: jobResultCodec.decode(r) };
      case 'failed': return { state, why: failureCodec.decode(r) };
      case 'cancelled': return { state };
    }
  },
};

/** A disk command that runs in the background. It belongs to the monitor and continues when the client disconnects. */
export interface Job {
  readonly id: number;
  /** copy, cow-merge */
  readonly name: UmlmonName;
  /** its image, as text */
  readonly subject: UmlmonText;
  /** user who started it */
  readonly by: UmlmonText;
  /** milliseconds since 1970 */
  readonly began: number;
  /** 0 while it runs */
  readonly ended: number;
  /** bytes */
  readonly done: number;
  /** 0 if unknown */
  readonly total: number;
  /** increases with each change */
  readonly progress: number;
  /** a cancel was requested */
  readonly cancelling: boolean;
  readonly outcome: JobOutcome;
}

export const jobCodec: Codec<Job> = {
  encode: (w, v) => {
    w.uhyper(v.id);
    umlmonNameCodec.encode(w, v.name);
    umlmonTextCodec.encode(w, v.subject);
    umlmonTextCodec.encode(w, v.by);
    w.uhyper(v.began);
    w.uhyper(v.ended);
    w.uhyper(v.done);
    w.uhyper(v.total);
    w.uhyper(v.progress);
    w.bool(v.cancelling);
    jobOutcomeCodec.encode(w, v.outcome);
  },
  decode: (r) => ({
    id: r.uhyper(),
    name: umlmonNameCodec.decode(r),
    subject: umlmonTextCodec.decode(r),
    by: umlmonTextCodec.decode(r),
    began: r.uhyper(),
    ended: r.uhyper(),
    done: r.uhyper(),
    total: r.uhyper(),
    progress: r.uhyper(),
    cancelling: r.bool(),
    outcome: jobOutcomeCodec.decode(r),
  }),
};

export type JobAnswer =
  | { readonly kind: 'ok'; readonly job: Job }
  | { readonly kind: 'failed'; readonly why: Failure };

export const jobAnswerCodec: Codec<JobAnswer> = {
  encode: (w, v) => {
    answerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': jobCodec.encode(w, v.job); break;
      case 'failed': failureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = answerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind, job: jobCodec.decode(r) };
      case 'failed': return { kind, why: failureCodec.decode(r) };
    }
  },
};

export interface JobWatchArgs {
  readonly id: number;
  /** `progress` of the previous answer; 0 = answer at once */
  readonly seen: number;
  /** wait for a change; at most UMLMON_WAIT_MAX */
  readonly waitMs: number;
}

export const jobWatchArgsCodec: Codec<JobWatchArgs> = {
  encode: (w, v) => {
    w.uhyper(v.id);
    w.uhyper(v.seen);
    w.uint(v.waitMs);
  },
  decode: (r) => ({
    id: r.uhyper(),
    seen: r.uhyper(),
    waitMs: r.uint(),
  }),
};

/** Running jobs and the newest finished ones; from oldest to newest. */
export interface JobList {
  readonly jobs: readonly Job[];
}

export const jobListCodec: Codec<JobList> = {
  encode: (w, v) => {
    w.array(v.jobs, UMLMON_LIST_MAX, jobCodec);
  },
  decode: (r) => ({
    jobs: r.array(UMLMON_LIST_MAX, 68, jobCodec),
  }),
};

export type JobListAnswer =
  | { readonly kind: 'ok'; readonly list: JobList }
  | { readonly kind: 'failed'; readonly why: Failure };

export const jobListAnswerCodec: Codec<JobListAnswer> = {
  encode: (w, v) => {
    answerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': jobListCodec.encode(w, v.list); break;
      case 'failed': failureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = answerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind, list: jobListCodec.decode(r) };
      case 'failed': return { kind, why: failureCodec.decode(r) };
    }
  },
};

export interface BackupArgs {
  /** empty: the current time in UTC */
  readonly name: UmlmonName;
}

export const backupArgsCodec: Codec<BackupArgs> = {
  encode: (w, v) => {
    umlmonNameCodec.encode(w, v.name);
  },
  decode: (r) => ({
    name: umlmonNameCodec.decode(r),
  }),
};

export interface RestoreArgs {
  readonly name: UmlmonName;
}

export const restoreArgsCodec: Codec<RestoreArgs> = {
  encode: (w, v) => {
    umlmonNameCodec.encode(w, v.name);
  },
  decode: (r) => ({
    name: umlmonNameCodec.decode(r),
  }),
};

/** State of the file systems in a backup (umlmon(7), BACKUPS). */
export type Consistency =
  /** the guest froze its file systems */
  | 'frozen'
  /** the guest synced; otherwise as after a crash */
  | 'synced'
  /** as after a crash */
  | 'crash';

const consistencyNumbers: Readonly<Record<Consistency, number>> = {
  'frozen': 0,
  'synced': 1,
  'crash': 2,
};
export const consistencyCodec: Codec<Consistency> = {
  encode: (w, v) => w.int(consistencyNumbers[v]),
  decode: (r) => {
    const value = r.int();
    switch (value) {
      case 0: return 'frozen';
      case 1: return 'synced';
      case 2: return 'crash';
      default: throw new XdrError(`${value} is no consistency`);
    }
  },
};

export interface BackupInfo {
  readonly name: UmlmonName;
  /** milliseconds since 1970 */
  readonly takenAt: number;
  readonly consistency: Consistency;
  /** rounded up */
  readonly pauseMs: number;
  /** no checked file system in it has errors */
  readonly sound: boolean;
  /** as the jail sees them */
  readonly images: readonly UmlmonText[];
  /** size of all images */
  readonly bytes: number;
}

export const backupInfoCodec: Codec<BackupInfo> = {
  encode: (w, v) => {
    umlmonNameCodec.encode(w, v.name);
    w.uhyper(v.takenAt);
    consistencyCodec.encode(w, v.consistency);
    w.uint(v.pauseMs);
    w.bool(v.sound);
    w.array(v.images, UMLMON_LIST_MAX, umlmonTextCodec);
    w.uhyper(v.bytes);
  },
  decode: (r) => ({
    name: umlmonNameCodec.decode(r),
    takenAt: r.uhyper(),
    consistency: consistencyCodec.decode(r),
    pauseMs: r.uint(),
    sound: r.bool(),
    images: r.array(UMLMON_LIST_MAX, 4, umlmonTextCodec),
    bytes: r.uhyper(),
  }),
};

/** From oldest to newest. */
export interface BackupList {
  /** host path */
  readonly directory: UmlmonText;
  readonly backups: readonly BackupInfo[];
}

export const backupListCodec: Codec<BackupList> = {
  encode: (w, v) => {
    umlmonTextCodec.encode(w, v.directory);
    w.array(v.backups, UMLMON_LIST_MAX, backupInfoCodec);
  },
  decode: (r) => ({
    directory: umlmonTextCodec.decode(r),
    backups: r.array(UMLMON_LIST_MAX, 36, backupInfoCodec),
  }),
};

export type BackupListAnswer =
  | { readonly kind: 'ok'; readonly list: BackupList }
  | { readonly kind: 'failed'; readonly why: Failure };

export const backupListAnswerCodec: Codec<BackupListAnswer> = {
  encode: (w, v) => {
    answerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': backupListCodec.encode(w, v.list); break;
      case 'failed': failureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = answerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind, list: backupListCodec.decode(r) };
      case 'failed': return { kind, why: failureCodec.decode(r) };
    }
  },
};

/** A step of authentication (docs/protocol.md). */
export interface AuthStep {
  /** of SCRAM-SHA-256, for the client */
  readonly message: UmlmonText;
  /** role of the connection from now on; empty before the last step */
  readonly role: UmlmonName;
}

export const authStepCodec: Codec<AuthStep> = {
  encode: (w, v) => {
    umlmonTextCodec.encode(w, v.message);
    umlmonNameCodec.encode(w, v.role);
  },
  decode: (r) => ({
    message: umlmonTextCodec.decode(r),
    role: umlmonNameCodec.decode(r),
  }),
};

export type AuthAnswer =
  | { readonly kind: 'ok'; readonly step: AuthStep }
  | { readonly kind: 'failed'; readonly why: Failure };

export const authAnswerCodec: Codec<AuthAnswer> = {
  encode: (w, v) => {
    answerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': authStepCodec.encode(w, v.step); break;
      case 'failed': failureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = answerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind, step: authStepCodec.decode(r) };
      case 'failed': return { kind, why: failureCodec.decode(r) };
    }
  },
};

/**
 * The client on whose behalf a proxy calls from now on. The role of the connection becomes the lower one of `role` and
 * its own role, and cannot be changed again. `user` consists of letters, digits and .:*_-. `address` is an IP address,
 * `unknown`, or empty.
 */
export interface ActForArgs {
  readonly user: UmlmonName;
  readonly role: UmlmonName;
  readonly address: UmlmonName;
}

export const actForArgsCodec: Codec<ActForArgs> = {
  encode: (w, v) => {
    umlmonNameCodec.encode(w, v.user);
    umlmonNameCodec.encode(w, v.role);
    umlmonNameCodec.encode(w, v.address);
  },
  decode: (r) => ({
    user: umlmonNameCodec.decode(r),
    role: umlmonNameCodec.decode(r),
    address: umlmonNameCodec.decode(r),
  }),
};

export type ActForAnswer =
  | { readonly kind: 'ok'; readonly role: UmlmonName }
  | { readonly kind: 'failed'; readonly why: Failure };

export const actForAnswerCodec: Codec<ActForAnswer> = {
  encode: (w, v) => {
    answerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': umlmonNameCodec.encode(w, v.role); break;
      case 'failed': failureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = answerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind, role: umlmonNameCodec.decode(r) };
      case 'failed': return { kind, why: failureCodec.decode(r) };
    }
  },
};

/** The current configuration files of the VM. */
export interface WrittenSettings {
  readonly settings: readonly Setting[];
  /** as file:line: cause; then `settings` is empty */
  readonly problems: readonly UmlmonText[];
}

export const writtenSettingsCodec: Codec<WrittenSettings> = {
  encode: (w, v) => {
    w.array(v.settings, UMLMON_LIST_MAX, settingCodec);
    w.array(v.problems, UMLMON_LIST_MAX, umlmonTextCodec);
  },
  decode: (r) => ({
    settings: r.array(UMLMON_LIST_MAX, 12, settingCodec),
    problems: r.array(UMLMON_LIST_MAX, 4, umlmonTextCodec),
  }),
};

export type WrittenAnswer =
  | { readonly kind: 'ok'; readonly written: WrittenSettings }
  | { readonly kind: 'failed'; readonly why: Failure };

export const writtenAnswerCodec: Codec<WrittenAnswer> = {
  encode: (w, v) => {
    answerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': writtenSettingsCodec.encode(w, v.written); break;
      case 'failed': failureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = answerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind, written: writtenSettingsCodec.decode(r) };
      case 'failed': return { kind, why: failureCodec.decode(r) };
    }
  },
};

/** The plan of the next start as text, as `umlmon -plan` prints it. */
export type PlanAnswer =
  | { readonly kind: 'ok'; readonly plan: UmlmonReply }
  | { readonly kind: 'failed'; readonly why: Failure };

export const planAnswerCodec: Codec<PlanAnswer> = {
  encode: (w, v) => {
    answerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': umlmonReplyCodec.encode(w, v.plan); break;
      case 'failed': failureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = answerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind, plan: umlmonReplyCodec.decode(r) };
      case 'failed': return { kind, why: failureCodec.decode(r) };
    }
  },
};

/** A security event (docs/events.md). Its texts are safe to print. */
export interface SecurityEvent {
  /** counts the security events of this monitor */
  readonly sequence: number;
  /** of the first equal event, in milliseconds since 1970 */
  readonly time: number;
  /** of the newest equal event */
  readonly last: number;
  /** number of equal events, merged within a minute */
  readonly count: number;
  readonly kind: UmlmonName;
  readonly who: UmlmonText;
  /** address; empty for local peers */
  readonly from: UmlmonName;
  readonly what: UmlmonText;
  /** ok, or the code of an error */
  readonly result: UmlmonName;
}

export const securityEventCodec: Codec<SecurityEvent> = {
  encode: (w, v) => {
    w.uhyper(v.sequence);
    w.uhyper(v.time);
    w.uhyper(v.last);
    w.uint(v.count);
    umlmonNameCodec.encode(w, v.kind);
    umlmonTextCodec.encode(w, v.who);
    umlmonNameCodec.encode(w, v.from);
    umlmonTextCodec.encode(w, v.what);
    umlmonNameCodec.encode(w, v.result);
  },
  decode: (r) => ({
    sequence: r.uhyper(),
    time: r.uhyper(),
    last: r.uhyper(),
    count: r.uint(),
    kind: umlmonNameCodec.decode(r),
    who: umlmonTextCodec.decode(r),
    from: umlmonNameCodec.decode(r),
    what: umlmonTextCodec.decode(r),
    result: umlmonNameCodec.decode(r),
  }),
};

/** The security events that the monitor holds, from oldest to newest. */
export interface SecurityList {
  readonly events: readonly SecurityEvent[];
  /** number of events that were dropped */
  readonly dropped: number;
}

export const securityListCodec: Codec<SecurityList> = {
  encode: (w, v) => {
    w.array(v.events, UMLMON_LIST_MAX, securityEventCodec);
    w.uhyper(v.dropped);
  },
  decode: (r) => ({
    events: r.array(UMLMON_LIST_MAX, 48, securityEventCodec),
    dropped: r.uhyper(),
  }),
};

export type SecurityAnswer =
  | { readonly kind: 'ok'; readonly list: SecurityList }
  | { readonly kind: 'failed'; readonly why: Failure };

export const securityAnswerCodec: Codec<SecurityAnswer> = {
  encode: (w, v) => {
    answerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': securityListCodec.encode(w, v.list); break;
      case 'failed': failureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = answerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind, list: securityListCodec.decode(r) };
      case 'failed': return { kind, why: failureCodec.decode(r) };
    }
  },
};

export interface UpdateArgs {
  /** report the changes only */
  readonly dryRun: boolean;
}

export const updateArgsCodec: Codec<UpdateArgs> = {
  encode: (w, v) => {
    w.bool(v.dryRun);
  },
  decode: (r) => ({
    dryRun: r.bool(),
  }),
};

/** When a changed setting takes effect. */
export type Effect =
  /** at once; already in force unless this is a dry run */
  | 'now'
  /** at the next start of the VM */
  | 'vm'
  /** at the next start of the monitor */
  | 'monitor';

const effectNumbers: Readonly<Record<Effect, number>> = {
  'now': 0,
  'vm': 1,
  'monitor': 2,
};
export const effectCodec: Codec<Effect> = {
  encode: (w, v) => w.int(effectNumbers[v]),
  decode: (r) => {
    const value = r.int();
    switch (value) {
      case 0: return 'now';
      case 1: return 'vm';
      case 2: return 'monitor';
      default: throw new XdrError(`${value} is no effect`);
    }
  },
};

/** A setting whose value in the files differs from the one in force. */
export interface SettingChange {
  /** GLOBAL, or the VM */
  readonly section: UmlmonName;
  readonly key: UmlmonName;
  /** empty: not set */
  readonly before: UmlmonText;
  readonly after: UmlmonText;
  readonly effect: Effect;
}

export const settingChangeCodec: Codec<SettingChange> = {
  encode: (w, v) => {
    umlmonNameCodec.encode(w, v.section);
    umlmonNameCodec.encode(w, v.key);
    umlmonTextCodec.encode(w, v.before);
    umlmonTextCodec.encode(w, v.after);
    effectCodec.encode(w, v.effect);
  },
  decode: (r) => ({
    section: umlmonNameCodec.decode(r),
    key: umlmonNameCodec.decode(r),
    before: umlmonTextCodec.decode(r),
    after: umlmonTextCodec.decode(r),
    effect: effectCodec.decode(r),
  }),
};

export interface ChangeList {
  readonly changes: readonly SettingChange[];
}

export const changeListCodec: Codec<ChangeList> = {
  encode: (w, v) => {
    w.array(v.changes, UMLMON_LIST_MAX, settingChangeCodec);
  },
  decode: (r) => ({
    changes: r.array(UMLMON_LIST_MAX, 20, settingChangeCodec),
  }),
};

export type UpdateAnswer =
  | { readonly kind: 'ok'; readonly list: ChangeList }
  | { readonly kind: 'failed'; readonly why: Failure };

export const updateAnswerCodec: Codec<UpdateAnswer> = {
  encode: (w, v) => {
    answerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': changeListCodec.encode(w, v.list); break;
      case 'failed': failureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = answerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind, list: changeListCodec.decode(r) };
      case 'failed': return { kind, why: failureCodec.decode(r) };
    }
  },
};

export const umlmonctrl = {
  program: 0x20756d6c,
  version: 1,
  argsBytesMax: 65544,
  procedures: {
    /** Does nothing; for reachability checks. */
    null: { number: 0, args: voidCodec, result: voidCodec },
    /** State, settings in force, consoles, last exit. */
    info: { number: 1, args: voidCodec, result: infoAnswerCodec },
    /** Start the VM. Answers when the kernel runs, or when the start has failed and was undone. */
    start: { number: 2, args: voidCodec, result: operationAnswerCodec },
    /** Clean shutdown: Ctrl-Alt-Del, then mconsole halt, then kill, with a wait after each. Answers when the VM is stopped. */
    stop: { number: 3, args: stopArgsCodec, result: operationAnswerCodec },
    /** Kill the kernel immediately. */
    kill: { number: 4, args: voidCodec, result: operationAnswerCodec },
    /** Send Ctrl-Alt-Del to the guest, which decides what to do. */
    ctrlAltDel: { number: 5, args: voidCodec, result: simpleAnswerCodec },
    /** Attach a viewer to a console. Viewers end with their connection. */
    consoleAttach: { number: 6, args: attachArgsCodec, result: attachAnswerCodec },
    consoleRead: { number: 7, args: readArgsCodec, result: readAnswerCodec },
    consoleWrite: { number: 8, args: writeArgsCodec, result: writeAnswerCodec },
    consoleResize: { number: 9, args: resizeArgsCodec, result: simpleAnswerCodec },
    consoleDetach: { number: 10, args: uintCodec, result: simpleAnswerCodec },
    /** Bytes of the log of a channel from an offset on. */
    logRead: { number: 11, args: logReadArgsCodec, result: logReadAnswerCodec },
    /** Events from a sequence number on; waits for the first one. */
    events: { number: 12, args: eventsArgsCodec, result: eventsAnswerCodec },
    /** The crash bundles of the VM. */
    crashList: { number: 14, args: voidCodec, result: crashListAnswerCodec },
    /** Bytes of a file of a crash bundle. */
    crashRead: { number: 15, args: crashReadArgsCodec, result: crashReadAnswerCodec },
    /** The images that the VM can see. */
    diskList: { number: 16, args: diskListArgsCodec, result: diskListAnswerCodec },
    /** Details of one image, by its path. */
    diskInfo: { number: 17, args: umlmonTextCodec, result: diskInfoAnswerCodec },
    /** Start a disk command; answers at once with its job. */
    diskRun: { number: 18, args: diskRequestCodec, result: jobAnswerCodec },
    /** Progress or result of a job. */
    jobWatch: { number: 19, args: jobWatchArgsCodec, result: jobAnswerCodec },
    /** Cancel a job; answers at once. UMLMON_JOB_WATCH returns the result. */
    jobCancel: { number: 20, args: uhyperCodec, result: jobAnswerCodec },
    jobList: { number: 21, args: voidCodec, result: jobListAnswerCodec },
    /** Copy all writable images at one point in time. Answers when the copy is complete and checked. */
    backup: { number: 22, args: backupArgsCodec, result: operationAnswerCodec },
    /** Restore all images of a backup, or none on failure. The VM must be stopped. */
    restore: { number: 23, args: restoreArgsCodec, result: operationAnswerCodec },
    /** Plug a disk into the running kernel, until the VM stops. */
    plug: { number: 24, args: plugArgsCodec, result: simpleAnswerCodec },
    /** Unplug a disk by its number; answers when its image is synced and unused. */
    unplug: { number: 25, args: uintCodec, result: simpleAnswerCodec },
    /** The complete backups of the VM. */
    backupList: { number: 26, args: voidCodec, result: backupListAnswerCodec },
    /**
     * A command of the management console of the kernel (mconsole version 2). Commands that end or pause the guest
     * (halt, reboot, stop) change the state of the VM, as STOP, START and PAUSE do. Commands of one connection run
     * in order.
     */
    mconsole: { number: 28, args: umlmonTextCodec, result: mconsoleAnswerCodec },
    /** Pause the guest, for at most pause_limit. The management console still answers. */
    pause: { number: 29, args: voidCodec, result: pauseAnswerCodec },
    /** Resume a paused guest. */
    resume: { number: 30, args: voidCodec, result: simpleAnswerCodec },
    /** Return memory that the guest has freed to the host. */
    memTrim: { number: 31, args: voidCodec, result: trimAnswerCodec },
    /** Load, memory, uptime, disks and network traffic of the guest. */
    stats: { number: 32, args: voidCodec, result: statsAnswerCodec },
    /** Plug a network interface into the running kernel, until the VM stops. Only for root and the user of the monitor. */
    plugNetwork: { number: 33, args: plugNetworkArgsCodec, result: simpleAnswerCodec },
    /** Unplug a network interface by its number; the guest must have set it down. */
    unplugNetwork: { number: 34, args: uintCodec, result: simpleAnswerCodec },
    /** Read the configuration again, apply what takes effect at once, and report all changes. */
    update: { number: 36, args: updateArgsCodec, result: updateAnswerCodec },
    /** Request, take or release control of a console. */
    consoleControl: { number: 45, args: controlArgsCodec, result: controlAnswerCodec },
    /** The viewers of a channel, or with an empty name of all channels. */
    consoleWho: { number: 46, args: umlmonNameCodec, result: viewerListAnswerCodec },
    /** The screen of a channel, for a terminal. */
    consoleReplay: { number: 47, args: screenArgsCodec, result: replayAnswerCodec },
    /** The screen of a channel, cell by cell. */
    consolePicture: { number: 48, args: screenArgsCodec, result: pictureAnswerCodec },
    /** Write a line into the output and the log of a channel. */
    consoleNote: { number: 49, args: noteArgsCodec, result: simpleAnswerCodec },
    /**
     * Log in over TCP: the first and the final message of the client in SCRAM-SHA-256. No other call is accepted
     * before. Local clients do not log in.
     */
    authBegin: { number: 40, args: umlmonTextCodec, result: authAnswerCodec },
    authFinish: { number: 41, args: umlmonTextCodec, result: authAnswerCodec },
    /** For proxies: act on behalf of another client. Once per connection, and only for some users (docs/protocol.md). */
    actFor: { number: 42, args: actForArgsCodec, result: actForAnswerCodec },
    /** The plan of the next start. */
    plan: { number: 50, args: voidCodec, result: planAnswerCodec },
    /** The current configuration files. */
    written: { number: 51, args: voidCodec, result: writtenAnswerCodec },
    /** The security events of the monitor. */
    security: { number: 52, args: voidCodec, result: securityAnswerCodec },
  },
} as const;
