// Generated from umldir.x by `npm run generate`: change that file, not this one.
import { type Codec, XdrError, voidCodec } from './codec/xdr.ts';

/** VM names, error codes */
export const UMLDIR_NAME_MAX = 64;

/** names and addresses of hosts */
export const UMLDIR_HOST_MAX = 253;

/** one line of text */
export const UMLDIR_TEXT_MAX = 1024;

/** VMs in one answer */
export const UMLDIR_LIST_MAX = 512;

/** changes in one answer */
export const UMLDIR_CHANGES_MAX = 256;

/** longest wait of one call, in milliseconds */
export const UMLDIR_WAIT_MAX = 60000;

/** first 4 bytes of an announcement */
export const UMLREDIR_MAGIC = 1970106980;

export type DirName = string;

export const dirNameCodec: Codec<DirName> = {
  encode: (w, v) => w.string(v, UMLDIR_NAME_MAX),
  decode: (r) => r.string(UMLDIR_NAME_MAX),
};

export type DirHost = string;

export const dirHostCodec: Codec<DirHost> = {
  encode: (w, v) => w.string(v, UMLDIR_HOST_MAX),
  decode: (r) => r.string(UMLDIR_HOST_MAX),
};

export type DirText = string;

export const dirTextCodec: Codec<DirText> = {
  encode: (w, v) => w.string(v, UMLDIR_TEXT_MAX),
  decode: (r) => r.string(UMLDIR_TEXT_MAX),
};

/** Why a call failed. `code` is stable (docs/errors.md), the other texts are for users. */
export interface DirFailure {
  readonly code: DirName;
  readonly place: DirText;
  readonly cause: DirText;
  /** may be empty */
  readonly hint: DirText;
}

export const dirFailureCodec: Codec<DirFailure> = {
  encode: (w, v) => {
    dirNameCodec.encode(w, v.code);
    dirTextCodec.encode(w, v.place);
    dirTextCodec.encode(w, v.cause);
    dirTextCodec.encode(w, v.hint);
  },
  decode: (r) => ({
    code: dirNameCodec.decode(r),
    place: dirTextCodec.decode(r),
    cause: dirTextCodec.decode(r),
    hint: dirTextCodec.decode(r),
  }),
};

export type DirAnswerKind =
  | 'ok'
  | 'failed';

const dirAnswerKindNumbers: Readonly<Record<DirAnswerKind, number>> = {
  'ok': 0,
  'failed': 1,
};
export const dirAnswerKindCodec: Codec<DirAnswerKind> = {
  encode: (w, v) => w.int(dirAnswerKindNumbers[v]),
  decode: (r) => {
    const value = r.int();
    switch (value) {
      case 0: return 'ok';
      case 1: return 'failed';
      default: throw new XdrError(`${value} is no dir_answer_kind`);
    }
  },
};

export type DirSimpleAnswer =
  | { readonly kind: 'ok' }
  | { readonly kind: 'failed'; readonly why: DirFailure };

export const dirSimpleAnswerCodec: Codec<DirSimpleAnswer> = {
  encode: (w, v) => {
    dirAnswerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': break;
      case 'failed': dirFailureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = dirAnswerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind };
      case 'failed': return { kind, why: dirFailureCodec.decode(r) };
    }
  },
};

/** The states of a VM as its monitor sees them (docs/states.md). */
export type DirState =
  | 'stopped'
  | 'starting'
  | 'running'
  | 'stopping'
  | 'unmanaged';

const dirStateNumbers: Readonly<Record<DirState, number>> = {
  'stopped': 0,
  'starting': 1,
  'running': 2,
  'stopping': 3,
  'unmanaged': 4,
};
export const dirStateCodec: Codec<DirState> = {
  encode: (w, v) => w.int(dirStateNumbers[v]),
  decode: (r) => {
    const value = r.int();
    switch (value) {
      case 0: return 'stopped';
      case 1: return 'starting';
      case 2: return 'running';
      case 3: return 'stopping';
      case 4: return 'unmanaged';
      default: throw new XdrError(`${value} is no dir_state`);
    }
  },
};

/** A monitor and its VM, as registered. */
export interface DirVm {
  readonly name: DirName;
  readonly state: DirState;
  /** milliseconds since 1970 */
  readonly stateSince: number;
  /** the configured level of readiness is reached */
  readonly ready: boolean;
  /** where the monitor listens on TCP; empty = on all addresses of its host */
  readonly address: DirHost;
  /** 0 = it does not listen */
  readonly port: number;
}

export const dirVmCodec: Codec<DirVm> = {
  encode: (w, v) => {
    dirNameCodec.encode(w, v.name);
    dirStateCodec.encode(w, v.state);
    w.uhyper(v.stateSince);
    w.bool(v.ready);
    dirHostCodec.encode(w, v.address);
    w.uint(v.port);
  },
  decode: (r) => ({
    name: dirNameCodec.decode(r),
    state: dirStateCodec.decode(r),
    stateSince: r.uhyper(),
    ready: r.bool(),
    address: dirHostCodec.decode(r),
    port: r.uint(),
  }),
};

export interface DirEntry {
  /** host of the monitor */
  readonly host: DirHost;
  readonly vm: DirVm;
}

export const dirEntryCodec: Codec<DirEntry> = {
  encode: (w, v) => {
    dirHostCodec.encode(w, v.host);
    dirVmCodec.encode(w, v.vm);
  },
  decode: (r) => ({
    host: dirHostCodec.decode(r),
    vm: dirVmCodec.decode(r),
  }),
};

/** A VM somewhere in the directory. */
export interface DirTarget {
  readonly vm: DirName;
  /** empty: the VM of this host, or else the only VM of this name */
  readonly host: DirHost;
}

export const dirTargetCodec: Codec<DirTarget> = {
  encode: (w, v) => {
    dirNameCodec.encode(w, v.vm);
    dirHostCodec.encode(w, v.host);
  },
  decode: (r) => ({
    vm: dirNameCodec.decode(r),
    host: dirHostCodec.decode(r),
  }),
};

/** How the monitor of a VM is reached. */
export interface DirPort {
  /** host of the monitor */
  readonly host: DirHost;
  /** of its TCP port; empty: the address of this directory server */
  readonly address: DirHost;
  /** 0 = not reachable from other hosts */
  readonly port: number;
  /** port of the redirector of this host; 0 = none */
  readonly redirector: number;
}

export const dirPortCodec: Codec<DirPort> = {
  encode: (w, v) => {
    dirHostCodec.encode(w, v.host);
    dirHostCodec.encode(w, v.address);
    w.uint(v.port);
    w.uint(v.redirector);
  },
  decode: (r) => ({
    host: dirHostCodec.decode(r),
    address: dirHostCodec.decode(r),
    port: r.uint(),
    redirector: r.uint(),
  }),
};

export type DirPortAnswer =
  | { readonly kind: 'ok'; readonly port: DirPort }
  | { readonly kind: 'failed'; readonly why: DirFailure };

export const dirPortAnswerCodec: Codec<DirPortAnswer> = {
  encode: (w, v) => {
    dirAnswerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': dirPortCodec.encode(w, v.port); break;
      case 'failed': dirFailureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = dirAnswerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind, port: dirPortCodec.decode(r) };
      case 'failed': return { kind, why: dirFailureCodec.decode(r) };
    }
  },
};

/** Whether the hosts share their directory. */
export type DirSharing =
  /** this host only */
  | 'off'
  | 'on'
  /** entries of other hosts may be outdated or missing */
  | 'broken';

const dirSharingNumbers: Readonly<Record<DirSharing, number>> = {
  'off': 0,
  'on': 1,
  'broken': 2,
};
export const dirSharingCodec: Codec<DirSharing> = {
  encode: (w, v) => w.int(dirSharingNumbers[v]),
  decode: (r) => {
    const value = r.int();
    switch (value) {
      case 0: return 'off';
      case 1: return 'on';
      case 2: return 'broken';
      default: throw new XdrError(`${value} is no dir_sharing`);
    }
  },
};

export interface DirSharingState {
  readonly sharing: DirSharing;
  /** why it is broken; else empty */
  readonly warning: DirText;
}

export const dirSharingStateCodec: Codec<DirSharingState> = {
  encode: (w, v) => {
    dirSharingCodec.encode(w, v.sharing);
    dirTextCodec.encode(w, v.warning);
  },
  decode: (r) => ({
    sharing: dirSharingCodec.decode(r),
    warning: dirTextCodec.decode(r),
  }),
};

/** The list is sorted by host and name. It continues after the given VM; empty names start it. */
export interface DirListArgs {
  readonly afterHost: DirHost;
  readonly afterVm: DirName;
}

export const dirListArgsCodec: Codec<DirListArgs> = {
  encode: (w, v) => {
    dirHostCodec.encode(w, v.afterHost);
    dirNameCodec.encode(w, v.afterVm);
  },
  decode: (r) => ({
    afterHost: dirHostCodec.decode(r),
    afterVm: dirNameCodec.decode(r),
  }),
};

export interface DirList {
  /** the name of the host that answers */
  readonly here: DirHost;
  readonly entries: readonly DirEntry[];
  /** call again with the last VM */
  readonly more: boolean;
  /** for UMLDIR_WATCH: the first change that is not in the list */
  readonly next: number;
  readonly state: DirSharingState;
}

export const dirListCodec: Codec<DirList> = {
  encode: (w, v) => {
    dirHostCodec.encode(w, v.here);
    w.array(v.entries, UMLDIR_LIST_MAX, dirEntryCodec);
    w.bool(v.more);
    w.uhyper(v.next);
    dirSharingStateCodec.encode(w, v.state);
  },
  decode: (r) => ({
    here: dirHostCodec.decode(r),
    entries: r.array(UMLDIR_LIST_MAX, 32, dirEntryCodec),
    more: r.bool(),
    next: r.uhyper(),
    state: dirSharingStateCodec.decode(r),
  }),
};

export type DirListAnswer =
  | { readonly kind: 'ok'; readonly list: DirList }
  | { readonly kind: 'failed'; readonly why: DirFailure };

export const dirListAnswerCodec: Codec<DirListAnswer> = {
  encode: (w, v) => {
    dirAnswerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': dirListCodec.encode(w, v.list); break;
      case 'failed': dirFailureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = dirAnswerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind, list: dirListCodec.decode(r) };
      case 'failed': return { kind, why: dirFailureCodec.decode(r) };
    }
  },
};

export type DirChangeKind =
  /** a new or changed VM */
  | 'set'
  /** its monitor or its host has ended */
  | 'gone';

const dirChangeKindNumbers: Readonly<Record<DirChangeKind, number>> = {
  'set': 0,
  'gone': 1,
};
export const dirChangeKindCodec: Codec<DirChangeKind> = {
  encode: (w, v) => w.int(dirChangeKindNumbers[v]),
  decode: (r) => {
    const value = r.int();
    switch (value) {
      case 0: return 'set';
      case 1: return 'gone';
      default: throw new XdrError(`${value} is no dir_change_kind`);
    }
  },
};

export interface DirChange {
  readonly sequence: number;
  readonly kind: DirChangeKind;
  /** for a VM that is gone: its last known entry */
  readonly entry: DirEntry;
}

export const dirChangeCodec: Codec<DirChange> = {
  encode: (w, v) => {
    w.uhyper(v.sequence);
    dirChangeKindCodec.encode(w, v.kind);
    dirEntryCodec.encode(w, v.entry);
  },
  decode: (r) => ({
    sequence: r.uhyper(),
    kind: dirChangeKindCodec.decode(r),
    entry: dirEntryCodec.decode(r),
  }),
};

export interface DirWatchArgs {
  /** first change; 0 = new changes only */
  readonly since: number;
  /** for the first one; at most UMLDIR_WAIT_MAX */
  readonly waitMs: number;
}

export const dirWatchArgsCodec: Codec<DirWatchArgs> = {
  encode: (w, v) => {
    w.uhyper(v.since);
    w.uint(v.waitMs);
  },
  decode: (r) => ({
    since: r.uhyper(),
    waitMs: r.uint(),
  }),
};

export interface DirChanges {
  readonly changes: readonly DirChange[];
  /** pass this as `since` in the next call */
  readonly next: number;
}

export const dirChangesCodec: Codec<DirChanges> = {
  encode: (w, v) => {
    w.array(v.changes, UMLDIR_CHANGES_MAX, dirChangeCodec);
    w.uhyper(v.next);
  },
  decode: (r) => ({
    changes: r.array(UMLDIR_CHANGES_MAX, 44, dirChangeCodec),
    next: r.uhyper(),
  }),
};

export type DirWatchAnswer =
  | { readonly kind: 'ok'; readonly list: DirChanges }
  | { readonly kind: 'failed'; readonly why: DirFailure };

export const dirWatchAnswerCodec: Codec<DirWatchAnswer> = {
  encode: (w, v) => {
    dirAnswerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': dirChangesCodec.encode(w, v.list); break;
      case 'failed': dirFailureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = dirAnswerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind, list: dirChangesCodec.decode(r) };
      case 'failed': return { kind, why: dirFailureCodec.decode(r) };
    }
  },
};

/**
 * The first and only record that a client sends to the redirector. After the answer `ok`, the connection leads to
 * the monitor.
 */
export interface Announcement {
  /** UMLREDIR_MAGIC */
  readonly magic: number;
  readonly target: DirTarget;
  /** only VMs of this host; set by a redirector that forwards to another */
  readonly last: boolean;
}

export const announcementCodec: Codec<Announcement> = {
  encode: (w, v) => {
    w.uint(v.magic);
    dirTargetCodec.encode(w, v.target);
    w.bool(v.last);
  },
  decode: (r) => ({
    magic: r.uint(),
    target: dirTargetCodec.decode(r),
    last: r.bool(),
  }),
};

/** The answer to an announcement. After a failure, the redirector closes the connection. */
export type AnnouncementAnswer =
  | { readonly kind: 'ok'; readonly host: DirHost }
  | { readonly kind: 'failed'; readonly why: DirFailure };

export const announcementAnswerCodec: Codec<AnnouncementAnswer> = {
  encode: (w, v) => {
    dirAnswerKindCodec.encode(w, v.kind);
    switch (v.kind) {
      case 'ok': dirHostCodec.encode(w, v.host); break;
      case 'failed': dirFailureCodec.encode(w, v.why); break;
    }
  },
  decode: (r) => {
    const kind = dirAnswerKindCodec.decode(r);
    switch (kind) {
      case 'ok': return { kind, host: dirHostCodec.decode(r) };
      case 'failed': return { kind, why: dirFailureCodec.decode(r) };
    }
  },
};

export const umldir = {
  program: 0x20756d64,
  version: 1,
  argsBytesMax: 348,
  procedures: {
    /** Does nothing; for reachability checks. */
    null: { number: 0, args: voidCodec, result: voidCodec },
    /** How the monitor of a VM is reached. */
    getPort: { number: 1, args: dirTargetCodec, result: dirPortAnswerCodec },
    /** All VMs with a running monitor. */
    list: { number: 2, args: dirListArgsCodec, result: dirListAnswerCodec },
    /** Changes from a sequence number on; waits for the first one. */
    watch: { number: 3, args: dirWatchArgsCodec, result: dirWatchAnswerCodec },
    /**
     * For monitors, on the Unix socket only. The VM is listed while the connection is open. A second call replaces
     * the entry.
     */
    register: { number: 4, args: dirVmCodec, result: dirSimpleAnswerCodec },
  },
} as const;
