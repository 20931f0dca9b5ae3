import { type Clock, hostClock } from '../system/clock.ts';
import { tidyMemoryWhenQuiet } from '../system/collect-garbage.ts';
import { failureText, toFailure, UmlmonError } from '../system/errors/errors.ts';
import type { EventLog } from './events/event-log.ts';

export type OperationName = 'start' | 'stop' | 'kill' | 'backup' | 'restore';

/** Reports the progress of an operation, in any unit. */
export type Report = (done: number, total: number) => void;

export interface Operation {
  readonly id: number;
  readonly name: OperationName;
  /** Who asked, for events and refusals: `uid 1000`, `on_crash`. */
  readonly by: string;
  /** Milliseconds since 1970. */
  readonly began: number;
  /** What it is done to, if there is a choice: operations of one name with different objects are not the same. */
  readonly object: string;
  /** Its progress, if it reports any. */
  readonly progress?: { readonly done: number; readonly total: number };
}

interface RunningOperation {
  readonly operation: Operation;
  readonly done: Promise<string>;
}

export interface OperationResult {
  readonly operation: Operation;
  readonly joined: boolean;
  /** One line for users. */
  readonly summary: string;
}

/**
 * One operation at a time per VM. A request for the same operation joins it. Other requests are refused with the name of
 * the present operation. Only a kill may overtake, for a start or stop that hangs, but not a restore.
 */
export class Operations {
  readonly #vm: string;
  readonly #events: Pick<EventLog, 'publish'>;
  readonly #clock: Clock;
  #current: RunningOperation | undefined;
  #last = 0;

  constructor(vm: string, events: Pick<EventLog, 'publish'>, clock: Clock = hostClock) {
    this.#vm = vm;
    this.#events = events;
    this.#clock = clock;
  }

  get current(): Operation | undefined {
    return this.#current?.operation;
  }

  /** Resolves when no operation is in progress. */
  async idle(): Promise<void> {
    // The caller gets its result, and an event publishes it.
    while (this.#current) await this.#current.done.catch(() => undefined);
  }

  /** Resolves when none of these operations is in progress, however it ends; see `idle`. */
  async after(...names: readonly OperationName[]): Promise<void> {
    for (
      let current = this.#current;
      current && names.includes(current.operation.name);
      current = this.#current
    )
      await current.done.catch(() => undefined);
  }

  /**
   * Runs `work`, which resolves to the summary line.
   *
   * @param object see Operation
   * @throws UmlmonError STATE_BUSY, and what `work` throws
   */
  async run(
    name: OperationName,
    by: string,
    work: (report: Report) => Promise<string>,
    object = '',
  ): Promise<OperationResult> {
    const current = this.#current;
    if (current) {
      const { operation } = current;
      if (operation.name === name && operation.object === object)
        return { operation, joined: true, summary: await current.done };
      if (name !== 'kill' || operation.name === 'restore') throw this.#busy(operation);
    }
    this.#last += 1;
    const operation = { id: this.#last, name, by, began: this.#clock.now(), object };
    const report: Report = (done, total) => Object.assign(operation, { progress: { done, total } });
    const running: RunningOperation = { operation, done: this.#publish(operation, () => work(report)) };
    this.#current = running;
    try {
      return { operation, joined: false, summary: await running.done };
    } finally {
      // A kill that overtook this operation stays current until its own end.
      if (this.#current === running) this.#current = undefined;
    }
  }

  #busy({ id, name, by, began }: Operation): UmlmonError {
    const seconds = ((this.#clock.now() - began) / 1000).toFixed(1);
    return new UmlmonError('STATE_BUSY', {
      place: this.#vm,
      cause: `busy with ${name} (operation ${id}, since ${seconds} s, asked by ${by})`,
      hint: name === 'restore' ? 'wait for it' : `wait for it, or end it with: umlwatch ${this.#vm} -kill`,
    });
  }

  /** The work between two events; what it has needed of memory is given back some time later. */
  async #publish({ id, name, by }: Operation, work: () => Promise<string>): Promise<string> {
    this.#events.publish('operation-started', `${name}, asked by ${by}`, { id, name, by });
    try {
      const summary = await work();
      this.#events.publish('operation-ended', `${name}: ${summary}`, { id, name, result: 'ok' });
      return summary;
    } catch (error) {
      const failure = toFailure(error, this.#vm);
      const text = `${name} failed: ${failureText(failure)}`;
      this.#events.publish('operation-ended', text, { id, name, result: failure.code });
      throw error;
    } finally {
      tidyMemoryWhenQuiet();
    }
  }
}
