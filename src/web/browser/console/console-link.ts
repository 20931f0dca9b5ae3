import type { ConsoleMessage } from '../../wire.ts';
import { Redial } from './reconnect.ts';
import { isInterrupt, TypedKeys } from './typed-keys.ts';

export interface ConsoleScreen {
  /** Writes output; resolves when it is on the screen. */
  write(bytes: Uint8Array): Promise<void>;
  /** Replaces the screen by a screen of this size, without replying to its queries. */
  draw(bytes: Uint8Array, size: Size): Promise<void>;
  /** The controller, if it is another viewer; empty otherwise. */
  writer(other: string): void;
  /** So many keys wait for a guest that does not read; 0 if none do any more. */
  waits(keys: number): void;
  /** So many keys were dropped. */
  dropped(keys: number): void;
  /** A line of umlweb itself, for users. */
  say(text: string): void;
  state(text: string): void;
}

interface Size {
  readonly columns: number;
  readonly rows: number;
}

const offsetBytes = 8;

/**
 * The console of a VM over a network that may fail at any time. Output is counted in absolute offsets, and keys as well, so
 * that nothing is lost or repeated when the connection comes back.
 */
export class ConsoleLink {
  readonly #redial: Redial;
  readonly #screen: ConsoleScreen;
  readonly #keys = new TypedKeys();
  readonly #page = crypto.getRandomValues(new Uint32Array(4)).join('-');
  #monitor = '';
  /** Offset of the next output. */
  #offset = 0;
  /** The size of a screen that comes next. */
  #drawn: Size | undefined;
  #size: Size | undefined;
  #isAttached = false;
  /** Why the console is not attached: shown until it is. */
  #isRefused = false;

  constructor(vm: string, channel: string, screen: ConsoleScreen) {
    this.#screen = screen;
    this.#redial = new Redial({
      path: () => {
        const known = this.#monitor ? { monitor: this.#monitor, offset: String(this.#offset) } : {};
        return `console?${new URLSearchParams({ vm, channel, page: this.#page, ...known })}`;
      },
      onState: (isUp) => {
        this.#isAttached = false;
        if (!this.#isRefused) screen.state(isUp ? 'connecting' : 'not connected');
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
    const isUrgent = isInterrupt(keys);
    if (isUrgent) this.#drop(this.#keys.dropUnsent());
    if (!this.#keys.push(keys)) this.#drop(keys.length);
    else if (this.#isAttached) this.#sendKeys(isUrgent);
  }

  #drop(keys: number): void {
    if (keys > 0) this.#screen.dropped(keys);
  }

  /** Takes control from any other viewer. */
  take(): void {
    this.#redial.send(JSON.stringify({ kind: 'take' }));
  }

  resize(columns: number, rows: number): void {
    this.#size = { columns, rows };
    if (this.#isAttached) this.#sendSize();
  }

  #obey(message: ConsoleMessage): void {
    switch (message.kind) {
      case 'viewer': {
        const { monitor, offset, screen, typed } = message;
        if (monitor === this.#monitor) this.#keys.taken(typed);
        // It is unknown whether the previous monitor has passed on the last keys.
        else this.#keys.restart(typed);
        this.#drawn = screen;
        this.#monitor = monitor;
        this.#offset = offset;
        this.#isAttached = true;
        this.#isRefused = false;
        this.#redial.settle();
        this.#screen.state('');
        if (!screen) this.#sendSize();
        this.#keys.sendAgain();
        this.#sendKeys();
        break;
      }
      case 'typed':
        this.#keys.taken(message.typed);
        this.#sendKeys();
        break;
      case 'waits':
        this.#screen.waits(message.isOver ? 0 : this.#keys.count);
        break;
      case 'dropped':
        this.#screen.dropped(message.keys);
        break;
      case 'writer':
        this.#screen.writer(message.other);
        break;
      case 'skipped':
        this.#screen.say(
          `${message.bytes} bytes skipped: this page was too slow or disconnected for too long`,
        );
        break;
      case 'ended':
        this.#screen.say('the monitor closed the console');
        break;
      case 'failed':
        this.#isRefused = true;
        this.#screen.state(message.why.cause);
        break;
    }
  }

  #take(data: ArrayBuffer): void {
    const offset = Number(new DataView(data).getBigUint64(0));
    const bytes = new Uint8Array(data, offsetBytes);
    const size = this.#drawn;
    this.#drawn = undefined;
    if (size) {
      this.#offset = offset;
      // Its own size comes after it.
      void this.#screen.draw(bytes, size).then(() => this.#sendSize());
      return;
    }
    this.#offset = offset + bytes.length;
    const shown = JSON.stringify({ kind: 'shown', offset: this.#offset });
    void this.#screen.write(bytes).then(() => this.#redial.send(shown));
  }

  #sendKeys(isUrgent = false): void {
    const keys = this.#keys.next(isUrgent);
    const pieceBytes = 16_384;
    for (let at = 0; at < keys.length; at += pieceBytes)
      this.#redial.send(new Uint8Array(keys.subarray(at, at + pieceBytes)));
  }

  #sendSize(): void {
    if (this.#size) this.#redial.send(JSON.stringify({ kind: 'size', ...this.#size }));
  }
}
