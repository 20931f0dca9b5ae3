import { UmlmonError } from '../../system/errors/errors.ts';
import { consoleLimits, consoleShares } from '../../system/limits/limits.ts';
import { FairQueue } from '../../system/sharing/fair-queue.ts';
import { FairTable } from '../../system/sharing/fair-table.ts';
import { refusalText, type SharePeer, Shares } from '../../system/sharing/shares.ts';
import type { Channel } from '../channel.ts';
import type { Replay } from './emulator.ts';
import type { Picture } from './picture.ts';
import type { ScreenWant } from './protocol.ts';
import { Screen, type ShownScreen } from './screen.ts';

/** Something of a screen, and the offset of the first byte that is not in it. */
export type At<T> = T & { readonly offset: number };

/** Lines of the scroll-back, and bytes of the result, at most. */
export type ScreenSize = Omit<ScreenWant, 'what'>;

/**
 * The screens of the channels of a VM, which are emulated for some time after each request. A few run at once, each in
 * its own thread.
 */
export class Screens {
  readonly #program: string;
  readonly #asked = new Shares(consoleShares.screensAsked);
  /** Evicts an idle screen of the peer with the most screens, or any screen of a peer that exceeds its share. */
  readonly #kept = new FairTable<Channel>(
    { ...consoleShares.screensKept, table: '' },
    {
      atShare: 'yielding',
      atFull: 'yielding',
      yields: (channel) => this.#screens.get(channel)?.screen.isBusy !== true,
    },
  );
  /** Callers that wait until a screen can be closed. */
  readonly #waiting = new FairQueue<() => void>();
  readonly #screens = new Map<Channel, { readonly screen: Screen; timer: NodeJS.Timeout }>();

  /** @param program of the threads: the bundle of worker.ts */
  constructor(program: string) {
    this.#program = program;
  }

  /** What draws the screen of a channel on a terminal. Errors: CONSOLE_SCREEN, CONSOLE_BUSY. */
  async replay(channel: Channel, size: ScreenSize, peer: SharePeer): Promise<At<Replay>> {
    const { answer, offset } = await this.#ask(channel, { what: 'replay', ...size }, peer);
    if (!answer.replay) throw new Error('the emulator returned no screen');
    return { offset, ...answer.replay };
  }

  /** The cells of the screen of a channel. Errors: CONSOLE_SCREEN, CONSOLE_BUSY. */
  async picture(channel: Channel, size: ScreenSize, peer: SharePeer): Promise<At<Picture>> {
    const { answer, offset } = await this.#ask(channel, { what: 'picture', ...size }, peer);
    if (!answer.picture) throw new Error('the emulator returned no picture');
    return { offset, ...answer.picture };
  }

  /** Ends the threads; the next request starts them again. */
  close(): void {
    for (const channel of [...this.#screens.keys()]) this.#end(channel, 'the monitor closed it');
  }

  async #ask(channel: Channel, want: ScreenWant, peer: SharePeer): Promise<ShownScreen> {
    const release = this.#asked.take(peer);
    if (typeof release !== 'function')
      throw new UmlmonError('CONSOLE_BUSY', {
        place: channel.name,
        cause: refusalText(release, 'calls waiting for a screen'),
        hint: 'try again later',
      });
    try {
      const screen = await this.#enter(channel, peer);
      return await screen.ask(want, peer);
    } finally {
      release();
      this.#waiting.shift()?.();
    }
  }

  async #enter(channel: Channel, peer: SharePeer): Promise<Screen> {
    for (;;) {
      const screen = this.#screenOf(channel, peer);
      if (screen) return screen;
      await new Promise<void>((resolve) => this.#waiting.push(peer, resolve));
    }
  }

  /** It is kept for a while after it was asked for last. Undefined if there is no room for it now. */
  #screenOf(channel: Channel, peer: SharePeer): Screen | undefined {
    const known = this.#screens.get(channel);
    if (known) {
      clearTimeout(known.timer);
      known.timer = this.#endLater(channel);
      this.#kept.touch(channel);
      return known.screen;
    }
    const kept = this.#kept.add({ key: peer.key, isOwner: false }, channel);
    if ('refused' in kept) return undefined;
    if (kept.victim) this.#end(kept.victim, 'too many screens are in use');
    const screen = new Screen(channel, this.#program, () => this.#drop(channel));
    this.#screens.set(channel, { screen, timer: this.#endLater(channel) });
    return screen;
  }

  #endLater(channel: Channel): NodeJS.Timeout {
    const end = () => this.#end(channel, 'no client uses it');
    return setTimeout(end, consoleLimits.screenKeptTime).unref();
  }

  #end(channel: Channel, why: string): void {
    const { screen } = this.#screens.get(channel) ?? {};
    this.#drop(channel);
    screen?.close(why);
  }

  #drop(channel: Channel): void {
    clearTimeout(this.#screens.get(channel)?.timer);
    this.#screens.delete(channel);
    this.#kept.delete(channel);
  }
}
