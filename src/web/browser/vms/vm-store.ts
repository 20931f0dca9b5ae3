import type { LiveMessage, WireEvent, WirePoint, WireVm } from '../../wire.ts';
import { Redial } from '../console/reconnect.ts';

const historyLength = 60;
const eventsKept = 200;

export interface KnownVm {
  readonly name: string;
  /** Undefined until umlweb has sent it. */
  readonly vm: WireVm | undefined;
  readonly history: readonly WirePoint[];
}

/** What this page knows of the VMs; umlweb sends changes as they happen. */
export class VmStore {
  readonly vms = new Map<string, KnownVm>();
  events: readonly WireEvent[] = [];
  /** Why there may be other VMs. */
  warnings: readonly string[] = [];
  isUp = false;
  readonly #listeners = new Set<() => void>();
  readonly #redial: Redial;
  #isTelling = false;

  constructor() {
    this.#redial = new Redial({
      path: () => 'live',
      onState: (isUp) => {
        this.isUp = isUp;
        this.#tell();
      },
      onMessage: (data) => this.#take(JSON.parse(String(data)) as LiveMessage),
    });
  }

  close(): void {
    this.#redial.close();
    this.#listeners.clear();
  }

  /** Calls `listener` after changes; the function returned ends that. */
  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #take(message: LiveMessage): void {
    this.#redial.settle();
    if (message.kind === 'vms') {
      this.vms.clear();
      this.events = [];
      this.warnings = message.warnings;
      for (const name of message.names) this.vms.set(name, { name, vm: undefined, history: [] });
      for (const { vm, history } of message.vms) this.vms.set(vm.name, { name: vm.name, vm, history });
    } else if (message.kind === 'vm') {
      const { vm } = message;
      const before = this.vms.get(vm.name)?.history ?? [];
      const isNew = before.at(-1)?.time !== vm.point.time;
      const history = isNew ? [...before, vm.point].slice(-historyLength) : before;
      this.vms.set(vm.name, { name: vm.name, vm, history });
    } else {
      const known = new Set(this.events.map(({ vm, sequence, time }) => `${vm} ${sequence} ${time}`));
      const fresh = message.events.filter(
        ({ vm, sequence, time }) => !known.has(`${vm} ${sequence} ${time}`),
      );
      this.events = [...this.events, ...fresh].sort((one, other) => one.time - other.time).slice(-eventsKept);
    }
    this.#tell();
  }

  /** Draws once for all that comes at one moment. */
  #tell(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    setTimeout(() => {
      this.#isTelling = false;
      for (const listener of this.#listeners) listener();
    }, 50);
  }
}
