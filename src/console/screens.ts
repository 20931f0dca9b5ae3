import type { Worker } from 'node:worker_threads';
import { UmlmonError } from '../system/errors.ts';
import { consoleLimits } from '../system/limits.ts';
import type { Channel } from './channel.ts';
import type { Replay } from './emulator.ts';
import type { Picture } from './picture.ts';
import type { ScreenAnswer, ScreenRequest, Stretch } from './screen-protocol.ts';
import type { WindowChange } from './window-history.ts';

/** What an emulator knows of a channel. */
interface Screen {
  readonly channel: Channel;
  /** Offset of the output that it has not been given. */
  offset: number;
  /** Offset of the first byte that is not on its screen: the beginning of a sequence that is not whole. */
  shown: number;
  /** Of the last change of the window that it has been told of. */
  serial: number;
  /** Requests without an answer. */
  asked: number;
  readonly forget: () => void;
}

/** Something of a screen, and the offset of the first byte that is not in it. */
export type At<T> = T & { readonly offset: number };

/**
 * The screens of the channels of a VM, emulated in a thread of their own, which exists while somebody has asked for one
 * not long ago. An emulator begins with all that the ring holds. From then on it is given what comes, while it keeps up.
 */
export class Screens {
  readonly #program: string;
  #thread: ScreenThread | undefined;
  /** The one that was asked for last is the last. */
  readonly #screens = new Map<Channel, Screen>();
  #timer: NodeJS.Timeout | undefined;

  /** @param program of the thread: the bundle of screen-worker.ts */
  constructor(program: string) {
    this.#program = program;
  }

  /**
   * What draws the screen of a channel on a terminal.
   *
   * @param history lines of the scroll-back, at most
   * @param bytes of the result, at most
   * @throws UmlmonError CONSOLE_SCREEN
   */
  async replay(channel: Channel, history: number, bytes: number): Promise<At<Replay>> {
    const { answer, offset } = await this.#ask(channel, { what: 'replay', history, bytes });
    if (!answer.replay) throw failed(channel, 'no screen was drawn');
    return { offset, ...answer.replay };
  }

  /** The cells of the screen of a channel; see replay. */
  async picture(channel: Channel, history: number, bytes: number): Promise<At<Picture>> {
    const { answer, offset } = await this.#ask(channel, { what: 'picture', history, bytes });
    if (!answer.picture) throw failed(channel, 'no picture was taken');
    return { offset, ...answer.picture };
  }

  /** Ends the thread; it begins again when somebody asks. */
  close(): void {
    clearTimeout(this.#timer);
    for (const screen of this.#screens.values()) screen.forget();
    this.#screens.clear();
    this.#thread?.end('the monitor has closed it');
    this.#thread = undefined;
  }

  async #ask(
    channel: Channel,
    want: NonNullable<ScreenRequest['want']>,
  ): Promise<{ answer: ScreenAnswer; offset: number }> {
    this.#keep();
    const known = this.#screens.get(channel);
    const screen = known && known.offset >= channel.ring.oldest ? known : this.#begin(channel);
    // Used last.
    this.#screens.delete(channel);
    this.#screens.set(channel, screen);
    const isNew = screen !== known;
    return { answer: await this.#give(screen, { isNew, want }), offset: screen.shown };
  }

  /** The thread ends when nobody has asked for a while. */
  #keep(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.close(), consoleLimits.screenKeptTime);
    this.#timer.unref();
  }

  #begin(channel: Channel): Screen {
    this.#forget(channel);
    const [oldest] = this.#screens.keys();
    if (oldest && this.#screens.size >= consoleLimits.screensKept) this.#forget(oldest);
    const forget = channel.onData(() => this.#chase(screen));
    const from = channel.ring.oldest;
    const serial = channel.window.at(from).serial - 1;
    const screen: Screen = { channel, offset: from, shown: from, serial, asked: 0, forget };
    return screen;
  }

  /** New output: the emulator sees it in time, or begins anew when it is needed. */
  #chase(screen: Screen): void {
    const { channel, offset } = screen;
    if (!channel.ended && channel.ring.next - offset < consoleLimits.screenChaseBytes) return;
    if (channel.ended || screen.asked > 0 || offset < channel.ring.oldest) this.#forget(channel);
    // It has failed for everybody then: who asks is told.
    else this.#give(screen, { isNew: false }).catch(() => undefined);
  }

  #forget(channel: Channel): void {
    const screen = this.#screens.get(channel);
    if (!screen) return;
    screen.forget();
    this.#screens.delete(channel);
    this.#thread?.forget(channel.name);
  }

  async #give(screen: Screen, request: Pick<ScreenRequest, 'isNew' | 'want'>): Promise<ScreenAnswer> {
    const { channel } = screen;
    const stretches = stretchesOf(screen);
    const end = channel.ring.next;
    screen.offset = end;
    screen.serial = stretches.at(-1)?.serial ?? screen.serial;
    screen.asked += 1;
    const thread = this.#running();
    try {
      const answer = await thread.ask({ channel: channel.name, stretches, ...request });
      screen.shown = end - answer.heldBytes;
      return answer;
    } catch (error) {
      if (this.#thread === thread) this.close();
      throw failed(channel, error instanceof Error ? error.message : String(error));
    } finally {
      screen.asked -= 1;
    }
  }

  #running(): ScreenThread {
    if (this.#thread?.hasEnded !== false) this.#thread = new ScreenThread(this.#program);
    return this.#thread;
  }
}

/** The output that an emulator has not seen, copied, cut where something happened to the window. */
function stretchesOf({
  channel: { ring, window },
  offset: from,
  serial,
}: Screen): (Stretch & { readonly serial: number })[] {
  const { offset, data } = ring.read(from, ring.capacity);
  const bytes = Uint8Array.from(data);
  // What the last kernel has left stays, until the next one says something.
  const isInForce = (change: WindowChange) => !change.isRenewed || change.offset < ring.next;
  const changes = window
    .after(serial)
    .filter(isInForce)
    .map((change) => ({ ...change, at: Math.max(change.offset, offset) }));
  const starts = [{ ...window.at(offset), isRenewed: false, serial, at: offset }, ...changes];
  return starts.map(({ columns, rows, isRenewed, serial: upTo, at }, i) => ({
    serial: upTo,
    size: { columns, rows },
    isRenewed,
    data: bytes.slice(at - offset, (starts[i + 1]?.at ?? ring.next) - offset),
  }));
}

function failed({ name }: Channel, cause: string): UmlmonError {
  return new UmlmonError('CONSOLE_SCREEN', {
    place: name,
    cause,
    hint: 'its output is all right: umlwatch VM -connect, or -log',
  });
}

interface Question {
  readonly resolve: (answer: ScreenAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** The thread, which answers one request after the other. */
class ScreenThread {
  readonly #worker: Worker;
  #questions: Question[] = [];
  #timer: NodeJS.Timeout | undefined;
  hasEnded = false;

  constructor(program: string) {
    const limits = { maxOldGenerationSizeMb: consoleLimits.screenHeapMiB, maxYoungGenerationSizeMb: 2 };
    // Loaded when it is needed: 0.4 MiB that an idle monitor does not have.
    const threads = process.getBuiltinModule('node:worker_threads');
    this.#worker = new threads.Worker(program, { resourceLimits: limits, env: {}, stdin: false });
    this.#worker.on('message', (answer: ScreenAnswer) => {
      this.#questions.shift()?.resolve(answer);
      this.#watch();
    });
    this.#worker.on('error', (error) => this.end(`the emulator has failed: ${error.message}`));
    this.#worker.on('exit', () => this.end('the emulator has ended'));
    this.#worker.unref();
  }

  ask(request: ScreenRequest): Promise<ScreenAnswer> {
    return new Promise((resolve, reject) => {
      this.#questions.push({ resolve, reject });
      this.#worker.postMessage(request);
      if (this.#questions.length === 1) this.#watch();
    });
  }

  forget(channel: string): void {
    this.#worker.postMessage({ forget: channel });
  }

  end(why: string): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    clearTimeout(this.#timer);
    for (const { reject } of this.#questions) reject(new Error(why));
    this.#questions = [];
    void this.#worker.terminate();
  }

  /** Each answer has its own time. */
  #watch(): void {
    clearTimeout(this.#timer);
    if (this.#questions.length === 0) return;
    this.#timer = setTimeout(() => this.end('the emulator took too long'), consoleLimits.screenTime);
  }
}
