import { webLimits } from '../system/limits.ts';
import { VmWatch } from './vm-watch.ts';
import type { LiveMessage, WireEvent, WireVm } from './wire.ts';

/** A page that shows VMs. */
export interface Viewer {
  maySee(vm: string): boolean;
  /** @param text a LiveMessage as JSON */
  send(text: string): void;
}

/** Name → path of the control socket. */
export type VmPlaces = ReadonlyMap<string, string>;

/** One look at each VM for all pages together, and none while there is no page. */
export class Hub {
  readonly #places: () => VmPlaces;
  readonly #viewers = new Set<Viewer>();
  readonly #watches = new Map<string, VmWatch>();
  #events: WireEvent[] = [];

  /** @param places the VMs as they are configured now */
  constructor(places: () => VmPlaces) {
    this.#places = places;
  }

  /** Shows everything to a viewer from now on; the function ends that. */
  add(viewer: Viewer): () => void {
    this.#refresh();
    this.#viewers.add(viewer);
    const watches = [...this.#watches.values()].filter(({ name }) => viewer.maySee(name));
    const vms = watches.flatMap(({ latest, history }) => (latest ? [{ vm: latest, history }] : []));
    const names = watches.map(({ name }) => name);
    viewer.send(textOf({ kind: 'vms', names, vms }));
    viewer.send(textOf({ kind: 'events', events: this.#events.filter(({ vm }) => viewer.maySee(vm)) }));
    return () => {
      this.#viewers.delete(viewer);
      if (this.#viewers.size === 0) this.close();
    };
  }

  close(): void {
    for (const watch of this.#watches.values()) watch.close();
    this.#watches.clear();
    this.#events = [];
  }

  /** Watches exactly the VMs that are configured. */
  #refresh(): void {
    const places = this.#places();
    for (const [name, watch] of this.#watches)
      if (!places.has(name)) {
        watch.close();
        this.#watches.delete(name);
      }
    const listener = {
      vm: (vm: WireVm) => this.#tell(vm.name, { kind: 'vm', vm }),
      events: (events: readonly WireEvent[]) => this.#addEvents(events),
    };
    const { rateTime, pollTime } = webLimits;
    let count = 0;
    for (const [name, ctrl] of places) {
      // The second look, which has the first rates, soon; and not at all VMs at the same moment.
      const delay = rateTime + Math.floor((pollTime * count) / places.size);
      count += 1;
      if (!this.#watches.has(name)) this.#watches.set(name, new VmWatch(name, ctrl, listener, delay));
    }
  }

  #addEvents(events: readonly WireEvent[]): void {
    const [first] = events;
    if (!first) return;
    // Those of several VMs come when their monitors are reached: the times tell their order.
    this.#events = [...this.#events, ...events]
      .sort((one, other) => one.time - other.time)
      .slice(-webLimits.eventsKept);
    this.#tell(first.vm, { kind: 'events', events });
  }

  #tell(vm: string, message: LiveMessage): void {
    const text = textOf(message);
    for (const viewer of this.#viewers) if (viewer.maySee(vm)) viewer.send(text);
  }
}

function textOf(message: LiveMessage): string {
  return JSON.stringify(message);
}
