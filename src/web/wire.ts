/** The JSON messages between umlweb and its pages. No imports: both sides use it. */

/** In the order of what they may do. */
export const wireRoles = ['view', 'console', 'operate', 'admin'] as const;
export type WireRole = (typeof wireRoles)[number];

/** Why something was refused or failed: the four fields of docs/errors.md. */
export interface WireFailure {
  readonly code: string;
  readonly place: string;
  readonly cause: string;
  readonly hint: string;
}

/** Who is logged in. */
export interface WireSession {
  /** What the password opens: VMs, or `*` for all of them. */
  readonly grants: readonly { readonly vm: string; readonly role: WireRole }[];
  /** To be sent with each request that changes something, as `x-umlweb-token`. */
  readonly token: string;
  readonly version: string;
}

export type WireState =
  | 'no-monitor'
  | 'unreachable'
  | 'stopped'
  | 'starting'
  | 'running'
  | 'stopping'
  | 'unmanaged';

/** One point of the graphs of a VM; null is not known. */
export interface WirePoint {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** Of the cores of the guest, 0 to 100. */
  readonly cpu: number | null;
  /** Bytes that the guest uses. */
  readonly memory: number | null;
  /** Bytes a second, read and written. */
  readonly disk: number | null;
  /** Bytes a second, received and sent. */
  readonly network: number | null;
}

/** A VM as the dashboard shows it. */
export interface WireVm {
  /** Of another host: VM@HOST. */
  readonly name: string;
  readonly state: WireState;
  /** Milliseconds since 1970; 0 if not known. */
  readonly since: number;
  readonly operation: string;
  readonly ready: boolean;
  readonly paused: boolean;
  readonly hung: boolean;
  /** What is wrong with it; empty if nothing is known to be. */
  readonly problem: string;
  /** All that is wrong with it, whole, the gravest first. */
  readonly warnings: readonly string[];
  /** Bytes of guest memory. */
  readonly mem: number;
  readonly consoles: readonly string[];
  readonly point: WirePoint;
}

export interface WireEvent {
  readonly vm: string;
  readonly sequence: number;
  readonly time: number;
  readonly kind: string;
  readonly text: string;
}

/** Messages of the websocket `live`, from umlweb. */
export type LiveMessage =
  /** All VMs that there are for this page, and what is known of them already. */
  | {
      readonly kind: 'vms';
      readonly names: readonly string[];
      readonly vms: readonly { readonly vm: WireVm; readonly history: readonly WirePoint[] }[];
      /** Why those may not be all. */
      readonly warnings: readonly string[];
    }
  | { readonly kind: 'vm'; readonly vm: WireVm }
  | { readonly kind: 'events'; readonly events: readonly WireEvent[] };

/**
 * Text messages of the websocket `console`, from umlweb. Binary ones are output: its absolute offset as a 64-bit
 * number, most significant byte first, and the bytes. After a `viewer` with a screen, the first one draws that screen.
 */
export type ConsoleMessage =
  | {
      /** The first message. */
      readonly kind: 'viewer';
      /** Offsets and counts are valid only for this monitor: with another one, the page restarts. */
      readonly monitor: string;
      /** Offset of the output that follows. */
      readonly offset: number;
      /** The size of the screen that is drawn first; none is, if the page has one. */
      readonly screen?: { readonly columns: number; readonly rows: number };
      /** Bytes of this page that the guest has taken, or that were dropped since another types, in all. */
      readonly typed: number;
    }
  | { readonly kind: 'typed'; readonly typed: number }
  /** The guest has not read for a second while keys wait; or reads again. */
  | { readonly kind: 'waits'; readonly isOver: boolean }
  /** So many keys were dropped for a CTRL-C behind them; they count as typed. */
  | { readonly kind: 'dropped'; readonly keys: number }
  /** The controller of the console, if it is another viewer; keys are dropped then. */
  | { readonly kind: 'writer'; readonly other: string }
  | { readonly kind: 'skipped'; readonly bytes: number }
  | { readonly kind: 'ended' }
  | { readonly kind: 'failed'; readonly why: WireFailure };

/** Text messages of the websocket `console`, from a page. Binary ones are keys. */
export type ConsoleRequest =
  /** This page takes control from any other viewer. */
  | { readonly kind: 'take' }
  | { readonly kind: 'size'; readonly columns: number; readonly rows: number }
  /** Output before this offset is on the screen. */
  | { readonly kind: 'shown'; readonly offset: number };
