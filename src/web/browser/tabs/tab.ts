import type { WireRole, WireSession } from '../../wire.ts';
import type { VmStore } from '../vms/vm-store.ts';

export interface TabPlace {
  readonly vm: string;
  readonly store: VmStore;
  readonly session: WireSession;
  /** What the tab fills. */
  readonly content: HTMLElement;
}

/** What a tab does later. */
export interface ShownTab {
  /** After changes of what is known of the VMs. */
  readonly draw?: () => void;
  readonly close?: () => void;
}

export interface Tab {
  readonly path: string;
  readonly label: string;
  /** The lowest role for which the monitor has something to show there: others are spared the refusal. */
  readonly role: WireRole;
  readonly show: (place: TabPlace) => ShownTab;
}
