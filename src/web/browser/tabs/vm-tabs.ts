import type { Tab } from './tab.ts';
import { showConfig } from './tab-config.ts';
import { showDisks } from './tab-disks.ts';
import { showEndings } from './tab-endings.ts';
import { showLogs } from './tab-logs.ts';
import { showNetwork } from './tab-network.ts';
import { showOverview } from './tab-overview.ts';
import { showPlan } from './tab-plan.ts';
import { showSecurity } from './tab-security.ts';

/** The tabs of a VM's page. */
export const tabs: readonly Tab[] = [
  { path: 'overview', label: 'Overview', role: 'view', show: showOverview },
  { path: 'config', label: 'Configuration', role: 'view', show: showConfig },
  { path: 'disks', label: 'Disks', role: 'view', show: showDisks },
  { path: 'network', label: 'Network', role: 'view', show: showNetwork },
  { path: 'endings', label: 'Exits', role: 'view', show: showEndings },
  { path: 'logs', label: 'Logs', role: 'console', show: showLogs },
  { path: 'plan', label: 'Plan', role: 'operate', show: showPlan },
  { path: 'security', label: 'Security', role: 'admin', show: showSecurity },
];
