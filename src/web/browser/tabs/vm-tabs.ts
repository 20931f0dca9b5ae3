import type { WireRole, WireSession } from '../../wire.ts';
import type { VmStore } from '../vms/vm-store.ts';
import { showConfig } from './tab-config.ts';
import { showDisks } from './tab-disks.ts';
import { showEndings } from './tab-endings.ts';
import { showLogs } from './tab-logs.ts';
import { showNetwork } from './tab-network.ts';
import { showOverview } from './tab-overview.ts';
import { showPlan } from './tab-plan.ts';
import { showSecurity } from './tab-security.ts';

export interface TabPlace {
  readonly vm: string;
  readonly store: VmStore;
  readonly session: WireSession;
  /** What the tab fills. */
  readonly content: HTMLElement;
}

/** What a tab does later. */
export interface Shown {
  /** After changes of what is known of the VMs. */
  readonly draw?: () => void;
  readonly close?: () => void;
}

interface Tab {
  readonly path: string;
  readonly label: string;
  /** The lowest role for which the monitor has something to show there: others are spared the refusal. */
  readonly role: WireRole;
  readonly show: (place: TabPlace) => Shown;
}

/** What there is to know about a VM. */
export const tabs: readonly Tab[] = [
  { path: 'overview', label: 'Overview', role: 'look', show: showOverview },
  { path: 'config', label: 'Configuration', role: 'look', show: showConfig },
  { path: 'disks', label: 'Disks', role: 'look', show: showDisks },
  { path: 'network', label: 'Network', role: 'look', show: showNetwork },
  { path: 'endings', label: 'Endings', role: 'look', show: showEndings },
  { path: 'logs', label: 'Logs', role: 'console', show: showLogs },
  { path: 'plan', label: 'Plan', role: 'operate', show: showPlan },
  { path: 'security', label: 'Security', role: 'admin', show: showSecurity },
];
