import { failureText, toFailure, UmlmonError } from '../system/errors.ts';
import { tidyMemoryWhenQuiet } from '../system/tidy-memory.ts';
import type { EventLog } from './event-log.ts';

export type OperationName = 'start' | 'stop' | 'kill';

export interface Operation {
  readonly id: number;
  readonly name: OperationName;
  /** Who asked, for events and refusals: `uid 1000`, `on_crash`. */
  readonly by: string;
  /** Milliseconds since 1970. */
  readonly began: number;
}

interface Running extends Operation {
  readonly done: Promise<string>;
}

export interface OperationResult {
  readonly operation: Operation;
  readonly joined: boolean;
  /** One line for people. */
  readonly summary: string;
}

/**
 * One operation at a time per VM. The same operation is joined, another is refused by name; only a kill may
 * overtake (it is what one wants when a start or stop hangs).
 */
export class Operations {
  readonly #vm: string;
  readonly #events: Pick<EventLog, 'publish'>;
  #current: Running | undefined;
  #last = 0;

  constructor(vm: string, events: Pick<EventLog, 'publish'>) {
    this.#vm = vm;
    this.#events = events;
  }

  get current(): Operation | undefined {
    return this.#current;
  }

  /** Resolves when no operation is in progress. */
  async idle(): Promise<void> {
    // How it ends is told to who asked for it, and to all as an event.
    while (this.#current) await this.#current.done.catch(() => undefined);
  }

  /** Runs `work`, which resolves to the summary line. Errors: STATE_BUSY, and what `work` throws. */
  async run(name: OperationName, by: string, work: () => Promise<string>): Promise<OperationResult> {
    const current = this.#current;
    if (current?.name === name) return { operation: current, joined: true, summary: await current.done };
    if (current && name !== 'kill') {
      const seconds = ((Date.now() - current.began) / 1000).toFixed(1);
      throw new UmlmonError('STATE_BUSY', {
        place: this.#vm,
        cause: `busy with ${current.name} (operation ${current.id}, since ${seconds} s, asked by ${current.by})`,
        hint: `wait for it, or end it with: umlwatch ${this.#vm} -kill`,
      });
    }
    this.#last += 1;
    const operation: Operation = { id: this.#last, name, by, began: Date.now() };
    const done = this.#publish(operation, work);
    const running: Running = { ...operation, done };
    this.#current = running;
    try {
      return { operation, joined: false, summary: await done };
    } finally {
      // A kill that overtook this operation stays current until its own end.
      if (this.#current === running) this.#current = undefined;
    }
  }

  /** The work between two events; what it has needed of memory is given back some time later. */
  async #publish({ id, name, by }: Operation, work: () => Promise<string>): Promise<string> {
    this.#events.publish('operation-began', `${name}, asked by ${by}`, { id, name, by });
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
