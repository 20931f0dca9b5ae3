/** What is said between a monitor and the thread of its emulators. */
import type { Replay } from './emulator.ts';
import type { Picture } from './picture.ts';
import type { Size } from './pty.ts';

/** Output while nothing happened to the window. */
export interface Stretch {
  /** Of the window from here on. */
  readonly size: Size;
  /** Another kernel writes. */
  readonly isRenewed: boolean;
  readonly data: Uint8Array;
}

/** One piece of work on the screen of a channel; each is answered, in their order. */
export interface ScreenRequest {
  readonly channel: string;
  /** Forget what was there before. */
  readonly isNew: boolean;
  /** Output that is new. */
  readonly stretches: readonly Stretch[];
  /** What is wanted: nothing, if the output just has to be seen. */
  readonly want?: { readonly what: 'replay' | 'picture'; readonly history: number; readonly bytes: number };
}

export interface ScreenAnswer {
  /** Bytes at the end of the output that are not on the screen yet. */
  readonly heldBytes: number;
  readonly replay?: Replay;
  readonly picture?: Picture;
}

/** Channels to forget. */
export interface ForgetRequest {
  readonly forget: string;
}
