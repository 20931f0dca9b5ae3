import type { ConsoleMessage } from '../wire.ts';
import { Redial } from './redial.ts';
import { TypedKeys } from './typed-keys.ts';

export interface ConsoleScreen {
  /** Writes output; resolves when it is on the screen. `isPast`: a terminal must not answer what it asks. */
  write(bytes: Uint8Array, isPast: boolean): Promise<void>;
  /** Another monitor, or the first one: what was on the screen is gone. */
  reset(): void;
  bell(): void;
  /** A line of ours, for people. */
  say(text: string): void;
  state(text: string): void;
}

const offsetBytes = 8;

/**
 * The console of a VM over a network that may come and go. Output is counted in absolute offsets, and keys as well, so
 * that nothing is lost or repeated when the connection comes back.
 */
export class ConsoleLink {
  readonly #redial: Redial;
  readonly #screen: ConsoleScreen;
  readonly #keys = new TypedKeys();
  readonly #page = crypto.getRandomValues(new Uint32Array(4)).join('-');
  #monitor = '';
  /** Where the next output begins. */
  #offset = 0;
  /** Output before this offset is of the past. */
  #present = 0;
  #size: { columns: number; rows: number } | undefined;
  #isSeated = false;

  constructor(vm: string, channel: string, screen: ConsoleScreen) {
    this.#screen = screen;
    this.#redial = new Redial({
      path: () => {
        const known = this.#monitor ? { monitor: this.#monitor, offset: String(this.#offset) } : {};
        return `console?${new URLSearchParams({ vm, channel, page: this.#page, ...known })}`;
      },
      onState: (isUp) => {
        this.#isSeated = false;
        screen.state(isUp ? 'connecting' : 'no connection – trying again');
      },
      onMessage: (data) => {
        if (typeof data === 'string') this.#obey(JSON.parse(data) as ConsoleMessage);
        else this.#take(data);
      },
    });
  }

  close(): void {
    this.#redial.close();
  }

  type(keys: Uint8Array): void {
    if (!this.#keys.push(keys)) this.#screen.bell();
    else if (this.#isSeated) this.#sendKeys(keys);
  }

  resize(columns: number, rows: number): void {
    this.#size = { columns, rows };
    if (this.#isSeated) this.#sendSize();
  }

  #obey(message: ConsoleMessage): void {
    switch (message.kind) {
      case 'seat': {
        const { monitor, offset, next, typed } = message;
        if (monitor === this.#monitor) this.#keys.taken(typed);
        else {
          // Whether the monitor before has passed on the last keys, nobody knows.
          this.#keys.restart(typed);
          if (this.#monitor) this.#screen.reset();
          this.#present = next;
        }
        this.#monitor = monitor;
        this.#offset = offset;
        this.#isSeated = true;
        this.#screen.state('');
        this.#sendSize();
        this.#sendKeys(this.#keys.waiting());
        break;
      }
      case 'typed':
        this.#keys.taken(message.typed);
        break;
      case 'skipped':
        this.#screen.say(`${message.bytes} bytes skipped: this page was too slow, or away for too long`);
        break;
      case 'ended':
        this.#screen.say('the monitor has closed the console');
        break;
      case 'failed':
        this.#screen.state(message.why.cause);
        break;
    }
  }

  #take(data: ArrayBuffer): void {
    const offset = Number(new DataView(data).getBigUint64(0));
    const bytes = new Uint8Array(data, offsetBytes);
    this.#offset = offset + bytes.length;
    const shown = JSON.stringify({ kind: 'shown', offset: this.#offset });
    void this.#screen.write(bytes, offset < this.#present).then(() => this.#redial.send(shown));
  }

  #sendKeys(keys: Uint8Array): void {
    const pieceBytes = 16_384;
    for (let at = 0; at < keys.length; at += pieceBytes)
      this.#redial.send(new Uint8Array(keys.subarray(at, at + pieceBytes)));
  }

  #sendSize(): void {
    if (this.#size) this.#redial.send(JSON.stringify({ kind: 'size', ...this.#size }));
  }
}
