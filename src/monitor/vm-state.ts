import type { VmState } from '../rpc/umlmonctrl.gen.ts';
import type { Clock } from '../system/clock.ts';
import { UmlmonError } from '../system/errors/errors.ts';
import type { EventLog } from './events/event-log.ts';
import { type Action, type LifecycleEvent, lifecycle } from './lifecycle.ts';

/** The state of a VM, which changes by events as the lifecycle table says. */
export class StateMachine {
  readonly #vm: string;
  readonly #events: Pick<EventLog, 'publish'>;
  readonly #clock: Clock;
  #state: VmState = 'stopped';
  #since: number;

  constructor(vm: string, events: Pick<EventLog, 'publish'>, clock: Clock) {
    this.#vm = vm;
    this.#events = events;
    this.#clock = clock;
    this.#since = clock.wall();
  }

  get state(): VmState {
    return this.#state;
  }

  /** Milliseconds since 1970. */
  get since(): number {
    return this.#since;
  }

  /** Takes an event through the table; returns the actions of its cell. Errors: STATE_WRONG. */
  enter(event: LifecycleEvent): readonly Action[] {
    const cell = lifecycle[this.#state][event];
    if (cell === 'impossible') throw new Error(`${event} cannot happen while ${this.#vm} is ${this.#state}`);
    if ('refuse' in cell) throw this.refusal(cell.refuse);
    if (cell.next !== this.#state) {
      const from = this.#state;
      this.#state = cell.next;
      this.#since = this.#clock.wall();
      this.#events.publish('state', `${from} → ${cell.next}`, { from, to: cell.next });
    }
    return cell.actions;
  }

  refusal(cause: string, command: '-info' | '-start' = '-info'): UmlmonError {
    const hint = `umlwatch ${this.#vm} ${command}`;
    return new UmlmonError('STATE_WRONG', { place: this.#vm, cause, hint });
  }
}
