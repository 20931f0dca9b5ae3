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

/** lines of a picture: scroll-back and screen */
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

/** Why something could not be done. `code` is stable (docs/errors.md), the rest is for people. */
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
  | 'down'
  | 'starting'
  | 'running'
  | 'stopping'
  /** a kernel runs that this monitor cannot vouch for, and leaves alone */
  | 'foreign';

const vmStateNumbers: Readonly<Record<VmState, number>> = {
  'down': 0,
  'starting': 1,
  'running': 2,
  'stopping': 3,
  'foreign': 4,
};
export const vmStateCodec: Codec<VmState> = {
  encode: (w, v) => w.int(vmStateNumbers[v]),
  decode: (r) => {
    const value = r.int();
    switch (value) {
      case 0: return 'down';
      case 1: return 'starting';
      case 2: return 'running';
      case 3: return 'stopping';
      case 4: return 'foreign';
      default: throw new XdrError(`${value} is no vm_state`);
    }
  },
};

/** Why the guest ended. */
export type ExitCause =
  /** the guest powered off or halted */
  | 'poweroff'
  /** the guest asked for a reboot */
  | 'reboot'
  /** panic, or a fatal signal that nobody here sent */
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
  /** who asked for the end; empty if nobody did */
  readonly askedBy: UmlmonText;
  /** panic text; empty if there was none */
  readonly panic: UmlmonText;
  /** the last lines of con0; of a panic, those before its call trace */
  readonly lastLines: UmlmonText;
  /** host path of the crash bundle; empty if there is none */
  readonly bundle: UmlmonText;
  /** what ended it, as far as the host knows: `out of memory: …`; else empty */
  readonly why: UmlmonText;
  /** of a panic: the line of con0 that names its cause; else empty */
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

/** Why neither a policy nor `start = boot` starts the VM. A start that somebody asks for ends it. */
export type HoldKind =
  /** too many deaths: restart_limit */
  | 'gave-up'
  /** kept for inspection: on_poweroff, on_reboot or on_crash = keep */
  | 'kept';

const holdKindNumbers: Readonly<Record<HoldKind, number>> = {
  'gave-up': 0,
  'kept': 1,
};
export const holdKindCodec: Codec<HoldKind> = {
  encode: (w, v) => w.int(holdKindNumbers[v]),
  decode: (r) => {
    const value = r.int();
    switch (value) {
      case 0: return 'gave-up';
      case 1: return 'kept';
      default: throw new XdrError(`${value} is no hold_kind`);
    }
  },
};

export interface Hold {
  readonly kind: HoldKind;
  /** milliseconds since 1970 */
  readonly since: number;
  /** one line for people */
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
  /** bytes that the log could not take (disk full) */
  readonly logDropped: number;
  readonly logged: boolean;
  /** why the log cannot be written now; empty if it can */
  readonly logError: UmlmonText;
  /** bytes that a killed monitor took and did not log, at most */
  readonly maybeLost: number;
  /** bytes of input that the guest has not read, at most */
  readonly inputUnread: number;
  /** seen in the memory of its kernel; else estimated */
  readonly inputSeen: boolean;
  /** bytes offered by a client while there is no room for them; 0 if none wait */
  readonly inputWaiting: number;
  /** for so many milliseconds */
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

/** Bytes of the host that the memory of the guest took. */
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

/** As the host counts at the tap of an interface; in the words of the guest. */
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

/** What a guest says of itself in its /proc; read when it is asked for, and given again for a second. */
export interface GuestStats {
  /** when it was read, in milliseconds since 1970 */
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

/** What the management console of the kernel answers. */
export interface MconsoleReply {
  /** as the kernel sent it: not safe to show */
  readonly text: UmlmonReply;
  /** something may be missing */
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

/** A guest that stands still because somebody asked for it. */
export interface PauseInfo {
  /** milliseconds since 1970 */
  readonly since: number;
  /** who asked */
  readonly by: UmlmonText;
  /** when the monitor resumes it; 0 = not by itself (pause_limit) */
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

/** How far a VM that runs has come (umlmon(7), READINESS). */
export type ReadyLevel =
  /** sandbox and kernel process exist */
  | 'launched'
  /** the kernel answers on its management console */
  | 'kernel'
  /** the guest has said so in /proc/mconsole */
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
  /** since the start was asked for */
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

/** A level that was reached stays reached until the kernel is gone. */
export interface Readiness {
  /** the level at which the VM counts as ready */
  readonly configured: ReadyLevel;
  /** it is reached */
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
  /** the VM is down, or the host does not say */
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
  /** its other end on the host; empty if that is none */
  readonly hostInterface: UmlmonName;
  /** of the guest; empty if the guest picks one */
  readonly mac: UmlmonName;
  readonly link: LinkState;
  /** bytes that the guest has received, and sent; 0 if the VM is down */
  readonly received: number;
  readonly sent: number;
  /** what to type in the guest */
  readonly guestCommands: readonly UmlmonText[];
  /** came at run time, and is gone at the next start */
  readonly plugged: boolean;
  /** false: a plug or unplug is going on, or was cut off */
  readonly settled: boolean;
  readonly receivedPackets: number;
  /** that the guest did not take */
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

/** A disk of a kernel that runs. */
export interface DiskInfo {
  /** 0: ubd0, ubda in the guest */
  readonly unit: number;
  /** as the jail sees it */
  readonly path: UmlmonText;
  /** of a copy-on-write image; else empty */
  readonly backing: UmlmonText;
  /** words as in the configuration: ro sync nolock notrim serial=TEXT */
  readonly flags: UmlmonText;
  /** bytes of the file or device */
  readonly size: number;
  /** bytes that it takes of the host's disk */
  readonly allocated: number;
  /** came at run time, and is gone at the next start */
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

export interface HostWarning {
  readonly what: UmlmonText;
  readonly hint: UmlmonText;
}

export const hostWarningCodec: Codec<HostWarning> = {
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
  /** host pid of the kernel; 0 if down */
  readonly kernelPid: number;
  /** as the running kernel says, without its host name; empty if down */
  readonly kernelVersion: UmlmonText;
  /** host user of the kernel */
  readonly user: UmlmonText;
  /** guest memory in bytes */
  readonly mem: number;
  /** host cores the VM is pinned to; empty if not pinned */
  readonly cpus: UmlmonText;
  /** ADDRESS:PORT on which the monitor listens too; empty if none */
  readonly tcp: UmlmonText;
  /** host path of the kernel's management socket; empty if down */
  readonly mconsole: UmlmonText;
  /** last message that the guest wrote to /proc/mconsole */
  readonly guestMessage: UmlmonText;
  readonly readiness: Readiness;
  readonly settings: readonly Setting[];
  readonly consoles: readonly ConsoleInfo[];
  readonly lastExit: ExitRecord | null;
  /** sequence number that the next event will have */
  readonly eventsNext: number;
  /** bytes that the monitor's own log could not take */
  readonly logDropped: number;
  /** events `trouble` since the monitor started */
  readonly troubles: number;
  /** the text of the newest; empty if there was none */
  readonly lastTrouble: UmlmonText;
  /** milliseconds since 1970; 0 if the kernel does not hang */
  readonly hungSince: number;
  readonly held: Hold | null;
  readonly networks: readonly NetworkInfo[];
  /** by number; none while the VM is down */
  readonly disks: readonly DiskInfo[];
  readonly paused: PauseInfo | null;
  /** bytes of the host that guest memory takes; 0 if down or unknown */
  readonly hostMemory: number;
  /** last values of what the guest tells as key=value */
  readonly guestValues: readonly Attribute[];
  /** table of docs/limits.md → how often somebody over its share was refused */
  readonly refusals: readonly Attribute[];
  /** what is wrong now with the host's side of the network */
  readonly warnings: readonly HostWarning[];
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
    w.uhyper(v.troubles);
    umlmonTextCodec.encode(w, v.lastTrouble);
    w.uhyper(v.hungSince);
    w.optional(v.held, holdCodec);
    w.array(v.networks, UMLMON_LIST_MAX, networkInfoCodec);
    w.array(v.disks, UMLMON_LIST_MAX, diskInfoCodec);
    w.optional(v.paused, pauseInfoCodec);
    w.uhyper(v.hostMemory);
    w.array(v.guestValues, UMLMON_LIST_MAX, attributeCodec);
    w.array(v.refusals, UMLMON_LIST_MAX, attributeCodec);
    w.array(v.warnings, UMLMON_LIST_MAX, hostWarningCodec);
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
    troubles: r.uhyper(),
    lastTrouble: umlmonTextCodec.decode(r),
    hungSince: r.uhyper(),
    held: r.optional(holdCodec),
    networks: r.array(UMLMON_LIST_MAX, 84, networkInfoCodec),
    disks: r.array(UMLMON_LIST_MAX, 36, diskInfoCodec),
    paused: r.optional(pauseInfoCodec),
    hostMemory: r.uhyper(),
    guestValues: r.array(UMLMON_LIST_MAX, 8, attributeCodec),
    refusals: r.array(UMLMON_LIST_MAX, 8, attributeCodec),
    warnings: r.array(UMLMON_LIST_MAX, 8, hostWarningCodec),
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

/** What an operation (start, stop, kill, backup, restore) came to. */
export interface OperationReport {
  readonly id: number;
  /** the same operation was already in progress */
  readonly joined: boolean;
  /** state of the VM now */
  readonly state: VmState;
  /** from the operation's beginning */
  readonly elapsedMs: number;
  /** one line for people */
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
  /** for Ctrl-Alt-Del, an hour at most; 0 = the configured stop_timeout */
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
  /** the viewer's window; 0 = leave the size alone */
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
  /** oldest byte that the ring still has */
  readonly oldest: number;
  /** offset that the next byte will have */
  readonly next: number;
  /** offset of the first byte that the present kernel has sent; the last one, if there is none */
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
  | { readonly kind: 'ok'; readonly seat: Attachment }
  | { readonly kind: 'failed'; readonly why: Failure };

export const attachAnswerCodec: Codec<AttachAnswer> = {
  encode: (w, v) => {
    answerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': attachmentCodec.encode(w, v.seat); break;
      case 'failed': failureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = answerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind, seat: attachmentCodec.decode(r) };
      case 'failed': return { kind, why: failureCodec.decode(r) };
    }
  },
};

export interface ReadArgs {
  readonly id: number;
  readonly offset: number;
  /** bytes; at most UMLMON_DATA_MAX */
  readonly max: number;
  /** wait so long for the first byte; at most UMLMON_WAIT_MAX */
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

/** `offset` is where `data` begins; larger than asked if the bytes before are gone. */
export interface ReadBytes {
  readonly offset: number;
  readonly data: UmlmonData;
  /** the channel is closed and everything was read */
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
 * Who types first at a console where nobody does has the pen, until its seat ends or another takes it; the others
 * observe. The monitor takes what the guest has room for (docs/limits.md: unreadInput), which may be less than was offered. For a guest without room it waits up to a quarter of a second, then takes 0: offer the rest again.
 * A later write of any seat at the console ends the wait of an earlier one.
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

/** A seat at a console. */
export interface SeatInfo {
  /** as in the events console-writer; unique for the life of a monitor */
  readonly id: number;
  readonly channel: UmlmonName;
  readonly by: UmlmonText;
  /** milliseconds since 1970 */
  readonly since: number;
  /** has the pen */
  readonly writes: boolean;
  /** when it typed last or got the pen, in milliseconds since 1970; 0 = never */
  readonly typedAt: number;
  /** offset up to which it has read: a read acknowledges what is before it */
  readonly acknowledged: number;
  /** bytes that it has not read yet */
  readonly behind: number;
  /** bytes that it has missed, because it was too slow */
  readonly skipped: number;
}

export const seatInfoCodec: Codec<SeatInfo> = {
  encode: (w, v) => {
    w.uint(v.id);
    umlmonNameCodec.encode(w, v.channel);
    umlmonTextCodec.encode(w, v.by);
    w.uhyper(v.since);
    w.bool(v.writes);
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
    writes: r.bool(),
    typedAt: r.uhyper(),
    acknowledged: r.uhyper(),
    behind: r.uhyper(),
    skipped: r.uhyper(),
  }),
};

/** Those who write first. */
export interface SeatList {
  readonly seats: readonly SeatInfo[];
}

export const seatListCodec: Codec<SeatList> = {
  encode: (w, v) => {
    w.array(v.seats, UMLMON_LIST_MAX, seatInfoCodec);
  },
  decode: (r) => ({
    seats: r.array(UMLMON_LIST_MAX, 56, seatInfoCodec),
  }),
};

export type SeatListAnswer =
  | { readonly kind: 'ok'; readonly list: SeatList }
  | { readonly kind: 'failed'; readonly why: Failure };

export const seatListAnswerCodec: Codec<SeatListAnswer> = {
  encode: (w, v) => {
    answerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': seatListCodec.encode(w, v.list); break;
      case 'failed': failureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = answerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind, list: seatListCodec.decode(r) };
      case 'failed': return { kind, why: failureCodec.decode(r) };
    }
  },
};

export type PenAction =
  /** if nobody has it, or who has it has not typed for writer_idle */
  | 'ask'
  /** from whoever has it */
  | 'take'
  | 'drop';

const penActionNumbers: Readonly<Record<PenAction, number>> = {
  'ask': 0,
  'take': 1,
  'drop': 2,
};
export const penActionCodec: Codec<PenAction> = {
  encode: (w, v) => w.int(penActionNumbers[v]),
  decode: (r) => {
    const value = r.int();
    switch (value) {
      case 0: return 'ask';
      case 1: return 'take';
      case 2: return 'drop';
      default: throw new XdrError(`${value} is no pen_action`);
    }
  },
};

export interface PenArgs {
  readonly id: number;
  readonly action: PenAction;
}

export const penArgsCodec: Codec<PenArgs> = {
  encode: (w, v) => {
    w.uint(v.id);
    penActionCodec.encode(w, v.action);
  },
  decode: (r) => ({
    id: r.uint(),
    action: penActionCodec.decode(r),
  }),
};

export interface Pen {
  readonly yours: boolean;
  /** who has it now */
  readonly writer: SeatInfo | null;
}

export const penCodec: Codec<Pen> = {
  encode: (w, v) => {
    w.bool(v.yours);
    w.optional(v.writer, seatInfoCodec);
  },
  decode: (r) => ({
    yours: r.bool(),
    writer: r.optional(seatInfoCodec),
  }),
};

export type PenAnswer =
  | { readonly kind: 'ok'; readonly pen: Pen }
  | { readonly kind: 'failed'; readonly why: Failure };

export const penAnswerCodec: Codec<PenAnswer> = {
  encode: (w, v) => {
    answerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': penCodec.encode(w, v.pen); break;
      case 'failed': failureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = answerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind, pen: penCodec.decode(r) };
      case 'failed': return { kind, why: failureCodec.decode(r) };
    }
  },
};

export interface ScreenArgs {
  readonly channel: UmlmonName;
  /** lines of the scroll-back before the screen, at most */
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
 * What draws the screen of a channel on a terminal that was reset and has this size. Go on with the bytes from `offset`
 * on: nothing is missing then, and nothing twice.
 */
export interface ScreenReplay {
  readonly offset: number;
  readonly columns: number;
  readonly rows: number;
  /** lines of the scroll-back in it, drawn before the screen */
  readonly history: number;
  /** a program draws on the whole screen */
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

/** Cells in a row that look the same. Colours: 0 = default, 2^24 + index of the palette, 2^25 + 0xRRGGBB. */
export interface ScreenRun {
  readonly text: UmlmonText;
  /** columns that it takes */
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

/** Without the empty cells at its end. */
export interface ScreenLine {
  /** goes on with the line before it */
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
  /** of the first byte that is not in it */
  readonly offset: number;
  readonly columns: number;
  readonly rows: number;
  /** from 0 on */
  readonly cursorColumn: number;
  /** of the screen */
  readonly cursorRow: number;
  readonly cursorVisible: boolean;
  /** the alternate screen, which has no scroll-back */
  readonly alternate: boolean;
  /** lines before the first one, left out because they were not asked for, or too many */
  readonly omitted: number;
  /** lines of the scroll-back among `lines`; then those of the screen */
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

/** Offsets of a log count all bytes ever logged, over rotations; they belong to the reader. */
export interface LogReadArgs {
  readonly channel: UmlmonName;
  /** an offset beyond the end means: from the end */
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
  /** where `data` begins */
  readonly offset: number;
  readonly data: UmlmonData;
  /** first byte that rotation has left */
  readonly oldest: number;
  /** offset that the next byte will have */
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
  /** one line for people */
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
  /** first sequence number wanted; 0 = from now on */
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
 * Events before the oldest that is held make the call fail with EVENTS_LOST. Later, the numbers of an answer show what is
 * missing: of a client or guest that makes many events, the oldest go first, so that those of others stay.
 */
export interface EventList {
  readonly events: readonly Event[];
  /** pass this as `since` the next time */
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

/** What was kept of one death that nobody asked for (umlmon(7)). */
export interface CrashBundle {
  readonly name: UmlmonName;
  /** milliseconds since 1970 */
  readonly endedAt: number;
  /** crash, error or hang */
  readonly cause: UmlmonName;
  /** panic text; empty if there was none */
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

/** From the oldest to the newest. */
export interface CrashList {
  readonly bundles: readonly CrashBundle[];
  /** bundles that could not be kept since the monitor started */
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
  /** a path of the list: nothing else is ever opened */
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

/** Empty data means that the file ends before `offset`. */
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

/** What an image is, by the suffix of its name. */
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
  /** bytes; of a COW image those that its guest sees */
  readonly size: number;
  /** bytes that it takes of the host's file system */
  readonly allocated: number;
  /** of a COW image; empty for others */
  readonly backing: UmlmonText;
  readonly holders: readonly ImageHolder[];
  /** oldest first */
  readonly snapshots: readonly UmlmonName[];
  /** why nobody can use it; empty if nothing is known to be wrong */
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
  /** go on after this path; empty = from the first one */
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
  /** ask again, after the last of these */
  readonly more: boolean;
  /** what could not be read; in the first answer only */
  readonly troubles: readonly Failure[];
}

export const imageListCodec: Codec<ImageList> = {
  encode: (w, v) => {
    w.array(v.images, UMLMON_LIST_MAX, imageInfoCodec);
    w.bool(v.more);
    w.array(v.troubles, UMLMON_LIST_MAX, failureCodec);
  },
  decode: (r) => ({
    images: r.array(UMLMON_LIST_MAX, 40, imageInfoCodec),
    more: r.bool(),
    troubles: r.array(UMLMON_LIST_MAX, 16, failureCodec),
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
  /** a merge into the backing file was interrupted: do it again */
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
  /** file system or partitions, for people; empty if nothing is known */
  readonly content: UmlmonText;
  /** why the kernel would read wrong data through a COW image; empty if it would not */
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

export type DiskVerb =
  | 'create'
  | 'delete'
  | 'copy'
  | 'resize'
  /** a COW image or device into a flat one, or zeros into holes */
  | 'convert'
  | 'check'
  | 'cow-create'
  | 'cow-merge'
  | 'cow-rebase'
  | 'snapshot'
  | 'rollback'
  | 'snapshot-delete';

const diskVerbNumbers: Readonly<Record<DiskVerb, number>> = {
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
export const diskVerbCodec: Codec<DiskVerb> = {
  encode: (w, v) => w.int(diskVerbNumbers[v]),
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
      default: throw new XdrError(`${value} is no disk_verb`);
    }
  },
};

export interface SizedImage {
  readonly image: UmlmonText;
  /** bytes */
  readonly size: number;
  /** create: with an ext4 in it; resize: what is in it too */
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
  /** the backing file from now on */
  readonly backing: UmlmonText;
  /** it has the content of the former one, which is gone or was touched */
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

/** Only images of /disks are written; those of /shared/disks may be copied, checked, and backing files. */
export type DiskRequest =
  | { readonly verb: 'create' | 'resize'; readonly sized: SizedImage }
  | { readonly verb: 'delete' | 'check'; readonly image: UmlmonText }
  | { readonly verb: 'copy' | 'convert' | 'cow-create' | 'cow-merge'; readonly pair: ImagePair }
  | { readonly verb: 'cow-rebase'; readonly rebase: CowRebase }
  | { readonly verb: 'snapshot' | 'rollback' | 'snapshot-delete'; readonly snapshot: ImageSnapshot };

export const diskRequestCodec: Codec<DiskRequest> = {
  encode: (w, v) => {
    diskVerbCodec.encode(w, v.verb);
    switch (v.verb) {
      case 'create': case 'resize': sizedImageCodec.encode(w, v.sized); break;
      case 'delete': case 'check': umlmonTextCodec.encode(w, v.image); break;
      case 'copy': case 'convert': case 'cow-create': case 'cow-merge': imagePairCodec.encode(w, v.pair); break;
      case 'cow-rebase': cowRebaseCodec.encode(w, v.rebase); break;
      case 'snapshot': case 'rollback': case 'snapshot-delete': imageSnapshotCodec.encode(w, v.snapshot); break;
    }
  },
  decode: (r) => {
    const verb = diskVerbCodec.decode(r);
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
  /** everything is as if it had not begun */
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
  /** one line for people */
  readonly summary: UmlmonText;
  /** what was made or changed */
  readonly image: UmlmonText;
  /** written, or size of the image */
  readonly bytes: number;
  /** words of a tool, some lines; may be empty */
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

/** A slow verb. It belongs to the monitor, not to the client that has asked for it. */
export interface Job {
  readonly id: number;
  /** copy, cow-merge */
  readonly name: UmlmonName;
  /** what it works on, for people */
  readonly subject: UmlmonText;
  /** who has asked for it */
  readonly by: UmlmonText;
  /** milliseconds since 1970 */
  readonly began: number;
  /** 0 while it runs */
  readonly ended: number;
  /** bytes */
  readonly done: number;
  /** 0 while it is not known */
  readonly total: number;
  /** grows when there is something new to tell */
  readonly progress: number;
  /** a cancel was asked for */
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
  /** `progress` as it was told last; 0 = tell at once */
  readonly seen: number;
  /** wait so long for something new; at most UMLMON_WAIT_MAX */
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

/** Those that run, and the newest of those that have ended; from the oldest to the newest. */
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
  /** empty: the time, in UTC */
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

/** What the guest had done before its images were copied (umlmon(7), BACKUPS). */
export type Consistency =
  /** frozen its file systems */
  | 'frozen'
  /** written back what it held back; else as after a crash */
  | 'synced'
  /** nothing: as after a crash */
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
  /** no file system in it has errors, as far as they were checked */
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

/** From the oldest to the newest. */
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
  /** of SCRAM-SHA-256: the next one to the client */
  readonly message: UmlmonText;
  /** what the connection may do from now on; empty before the last step */
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
 * For whom a proxy calls from now on. The role of the connection is then `role`, or the one that it had if that is lower;
 * it can not be changed any more. Letters, digits and .:*_- name the person; the address is an IP address, `unknown`, or
 * empty.
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

/** The configuration of the VM as its files say it now. */
export interface WrittenSettings {
  readonly settings: readonly Setting[];
  /** its mistakes, as file:line: cause; there are no settings then */
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

/** What the next start would do, for people; the plan of `umlmon -plan`. */
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

/** Something that concerns security (docs/events.md). Its texts are safe to show. */
export interface SecurityEvent {
  /** of those of this monitor */
  readonly sequence: number;
  /** of the first one, in milliseconds since 1970 */
  readonly time: number;
  /** of the newest one that is like it */
  readonly last: number;
  /** so many, within a minute, are told as one */
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

/** Those that the monitor holds, from the oldest to the newest. */
export interface SecurityList {
  readonly events: readonly SecurityEvent[];
  /** so many others gave way to them */
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
  /** only tell */
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
  /** at once: it has, unless this was a dry run */
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

/** A setting that was not in force as it is written. */
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
    /** Answers nothing; for reachability checks. */
    null: { number: 0, args: voidCodec, result: voidCodec },
    /** State, settings in force, consoles, last exit. */
    info: { number: 1, args: voidCodec, result: infoAnswerCodec },
    /** Boot the VM. Answers when the kernel runs, or the start has failed and everything is undone. */
    start: { number: 2, args: voidCodec, result: operationAnswerCodec },
    /** Ctrl-Alt-Del, then mconsole halt, then kill, with a wait after each. Answers when the VM is down. */
    stop: { number: 3, args: stopArgsCodec, result: operationAnswerCodec },
    /** End the kernel at once, without asking the guest. */
    kill: { number: 4, args: voidCodec, result: operationAnswerCodec },
    /** Send Ctrl-Alt-Del to the guest; what it does is the guest's own business. */
    ctrlAltDel: { number: 5, args: voidCodec, result: simpleAnswerCodec },
    /** Open a seat at a console. Seats end with their connection. */
    consoleAttach: { number: 6, args: attachArgsCodec, result: attachAnswerCodec },
    consoleRead: { number: 7, args: readArgsCodec, result: readAnswerCodec },
    consoleWrite: { number: 8, args: writeArgsCodec, result: writeAnswerCodec },
    consoleResize: { number: 9, args: resizeArgsCodec, result: simpleAnswerCodec },
    consoleDetach: { number: 10, args: uintCodec, result: simpleAnswerCodec },
    /** Bytes of a channel's log from the reader's own offset. */
    logRead: { number: 11, args: logReadArgsCodec, result: logReadAnswerCodec },
    /** Events from a sequence number on, waiting for the first one. */
    events: { number: 12, args: eventsArgsCodec, result: eventsAnswerCodec },
    /** The crash bundles of the VM. */
    crashList: { number: 14, args: voidCodec, result: crashListAnswerCodec },
    /** Bytes of a file of a crash bundle. */
    crashRead: { number: 15, args: crashReadArgsCodec, result: crashReadAnswerCodec },
    /** The images that the VM can see. */
    diskList: { number: 16, args: diskListArgsCodec, result: diskListAnswerCodec },
    /** Everything about one of them, by its path. */
    diskInfo: { number: 17, args: umlmonTextCodec, result: diskInfoAnswerCodec },
    /** Begin a verb on images; answers at once, with the job that does it. */
    diskRun: { number: 18, args: diskRequestCodec, result: jobAnswerCodec },
    /** How far a job has come, or what it came to. */
    jobWatch: { number: 19, args: jobWatchArgsCodec, result: jobAnswerCodec },
    /** End a job early; answers at once. What it came to, UMLMON_JOB_WATCH tells. */
    jobCancel: { number: 20, args: uhyperCodec, result: jobAnswerCodec },
    jobList: { number: 21, args: voidCodec, result: jobListAnswerCodec },
    /** Copy all writable images as they are at one moment. Answers when the copy is complete and checked. */
    backup: { number: 22, args: backupArgsCodec, result: operationAnswerCodec },
    /** Put the images of a backup back; the VM must be down. All or none of them. */
    restore: { number: 23, args: restoreArgsCodec, result: operationAnswerCodec },
    /** Give the running kernel a disk, until the VM stops. */
    plug: { number: 24, args: plugArgsCodec, result: simpleAnswerCodec },
    /** Take a disk from the running kernel, by its number; answers when its image is synced and free. */
    unplug: { number: 25, args: uintCodec, result: simpleAnswerCodec },
    /** The complete backups of the VM. */
    backupList: { number: 26, args: voidCodec, result: backupListAnswerCodec },
    /**
     * A command of the kernel's management console (mconsole version 2). What ends the guest or makes it stand still
     * (halt, reboot, stop) goes through the VM's state, as STOP, START and PAUSE do. Those of one connection are
     * done in their order.
     */
    mconsole: { number: 28, args: umlmonTextCodec, result: mconsoleAnswerCodec },
    /** Make the guest stand still, for pause_limit at most. The kernel answers its management console all the same. */
    pause: { number: 29, args: voidCodec, result: pauseAnswerCodec },
    /** Let it go on. */
    resume: { number: 30, args: voidCodec, result: simpleAnswerCodec },
    /** Give memory that the guest has freed back to the host. */
    memTrim: { number: 31, args: voidCodec, result: trimAnswerCodec },
    /** Load, memory, uptime, disks and network traffic of the guest. */
    stats: { number: 32, args: voidCodec, result: statsAnswerCodec },
    /** Give the running kernel a network interface, until the VM stops. Only for root and the user of the monitor. */
    plugNetwork: { number: 33, args: plugNetworkArgsCodec, result: simpleAnswerCodec },
    /** Take one from it, by its number; the guest must have set it down. */
    unplugNetwork: { number: 34, args: uintCodec, result: simpleAnswerCodec },
    /** Read the configuration anew: take what takes effect at once, and tell all that has changed. */
    update: { number: 36, args: updateArgsCodec, result: updateAnswerCodec },
    /** Ask for the right to type at a console, take it from another, or give it up. */
    consolePen: { number: 45, args: penArgsCodec, result: penAnswerCodec },
    /** The seats at a channel, or with an empty name at all of them. */
    consoleWho: { number: 46, args: umlmonNameCodec, result: seatListAnswerCodec },
    /** The screen of a channel, for a terminal. */
    consoleReplay: { number: 47, args: screenArgsCodec, result: replayAnswerCodec },
    /** The screen of a channel, cell by cell. */
    consolePicture: { number: 48, args: screenArgsCodec, result: pictureAnswerCodec },
    /** Write a line into the output and the log of a channel. */
    consoleNote: { number: 49, args: noteArgsCodec, result: simpleAnswerCodec },
    /**
     * Prove over TCP that one knows a password: the client's first message of SCRAM-SHA-256, and its final one. No
     * other call is served before; local clients need none of this.
     */
    authBegin: { number: 40, args: umlmonTextCodec, result: authAnswerCodec },
    authFinish: { number: 41, args: umlmonTextCodec, result: authAnswerCodec },
    /** For proxies: say for whom this connection calls. Once, and only for those who may (docs/protocol.md). */
    actFor: { number: 42, args: actForArgsCodec, result: actForAnswerCodec },
    /** What the next start would do. */
    plan: { number: 50, args: voidCodec, result: planAnswerCodec },
    /** The configuration as it is written now. */
    written: { number: 51, args: voidCodec, result: writtenAnswerCodec },
    /** The security events of the monitor. */
    security: { number: 52, args: voidCodec, result: securityAnswerCodec },
  },
} as const;
