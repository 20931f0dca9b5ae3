import { webLimits } from '../../system/limits/limits.ts';
import { FairTable } from '../../system/sharing/fair-table.ts';
import type { MonitorConnections } from '../hosts/monitors.ts';
import { dashboardIdentity } from '../identity.ts';
import type { LiveMessage, WireEvent, WireVm } from '../wire.ts';
import { VmWatch } from './vm-watch.ts';

/** A page that shows VMs. */
export interface DashboardClient {
  maySee(vm: string): boolean;
  /** Whether those are all VMs. */
  readonly seesAll: boolean;
  /** @param text a LiveMessage as JSON */
  send(text: string): void;
}

/**
 * One watch of each VM for all pages together, and none without a page. It has the lowest role, for all users: the
 * monitors then return only data that every user may see.
 */
export class Hub {
  readonly #monitors: MonitorConnections;
  readonly #viewers = new Set<DashboardClient>();
  readonly #watches = new Map<string, VmWatch>();
  #events: WireEvent[] = [];
  /** Of the VM that has most of them, the oldest goes. */
  readonly #kept = new FairTable<WireEvent>(
    { total: webLimits.eventsKept, perPeer: webLimits.eventsKept, reserve: 0 },
    { atShare: 'replace', atFull: 'replace' },
  );
  /** What the pages know of the directories. */
  #warnings = '';

  constructor(monitors: MonitorConnections) {
    this.#monitors = monitors;
  }

  /** Shows everything to a viewer from now on; the function ends that. */
  add(viewer: DashboardClient): () => void {
    // Older pages also receive changes of the configuration.
    this.#change();
    this.#viewers.add(viewer);
    this.#showAll(viewer);
    if (this.#viewers.size === 1) this.#monitors.follow(() => this.#change());
    return () => {
      this.#viewers.delete(viewer);
      if (this.#viewers.size === 0) this.close();
    };
  }

  close(): void {
    this.#monitors.close();
    for (const watch of this.#watches.values()) watch.close();
    this.#watches.clear();
    this.#keepOnly(() => false);
  }

  #change(): void {
    if (this.#refresh()) for (const viewer of this.#viewers) this.#showAll(viewer);
  }

  #showAll(viewer: DashboardClient): void {
    const seen = this.#monitors.names().filter((name) => viewer.maySee(name));
    const watches = seen.flatMap((name) => this.#watches.get(name) ?? []);
    const vms = watches.flatMap(({ latest, history }) => (latest ? [{ vm: latest, history }] : []));
    const names = watches.map(({ name }) => name);
    const warnings = viewer.seesAll ? this.#monitors.warnings : [];
    viewer.send(textOf({ kind: 'vms', names, vms, warnings }));
    viewer.send(textOf({ kind: 'events', events: this.#events.filter(({ vm }) => viewer.maySee(vm)) }));
  }

  /** Watches exactly the existing VMs; returns whether pages must be notified. */
  #refresh(): boolean {
    const names = this.#monitors.names();
    const warnings = JSON.stringify(this.#monitors.warnings);
    const gone = [...this.#watches.keys()].filter((name) => !names.includes(name));
    const come = names.filter((name) => !this.#watches.has(name));
    const isNew = gone.length + come.length > 0 || warnings !== this.#warnings;
    this.#warnings = warnings;
    for (const name of gone) {
      this.#watches.get(name)?.close();
      this.#watches.delete(name);
    }
    // If one comes back, they come with it.
    if (gone.length > 0) this.#keepOnly(({ vm }) => !gone.includes(vm));
    const listener = {
      vm: (vm: WireVm) => this.#tell(vm.name, { kind: 'vm', vm }),
      events: (events: readonly WireEvent[]) => this.#addEvents(events),
    };
    const { rateTime, pollTime } = webLimits;
    for (const [count, name] of come.entries()) {
      // The second look, which has the first rates, soon; and not at all VMs at the same moment.
      const delay = rateTime + Math.floor((pollTime * count) / come.length);
      this.#watches.set(
        name,
        new VmWatch(name, () => this.#monitors.connect(name, dashboardIdentity), listener, delay),
      );
    }
    return isNew;
  }

  #addEvents(events: readonly WireEvent[]): void {
    const [first] = events;
    if (!first) return;
    for (const event of events) {
      const added = this.#kept.add({ key: event.vm, isOwner: false }, event);
      if ('refused' in added) continue;
      this.#events.push(event);
    }
    // Events of several VMs arrive when their monitors are reached: their times give the order.
    this.#events = this.#events
      .filter((event) => this.#kept.has(event))
      .sort((one, other) => one.time - other.time);
    this.#tell(first.vm, { kind: 'events', events });
  }

  #keepOnly(stays: (event: WireEvent) => boolean): void {
    for (const event of this.#events) if (!stays(event)) this.#kept.delete(event);
    this.#events = this.#events.filter(stays);
  }

  #tell(vm: string, message: LiveMessage): void {
    const text = textOf(message);
    for (const viewer of this.#viewers) if (viewer.maySee(vm)) viewer.send(text);
  }
}

function textOf(message: LiveMessage): string {
  return JSON.stringify(message);
}
