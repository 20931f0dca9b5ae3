/** Messages between a monitor and the thread of an emulator. */

import type { Size } from '../pty.ts';
import type { Replay } from './emulator.ts';
import type { Picture } from './picture.ts';

/** Output while nothing happened to the window. */
export interface Stretch {
  /** Of the window from here on. */
  readonly size: Size;
  /** Another kernel writes. */
  readonly isRenewed: boolean;
  readonly data: Uint8Array;
}

/** A request for a screen: the largest number of lines of the scroll-back and of bytes of the result. */
export interface ScreenWant {
  readonly what: 'replay' | 'picture';
  readonly history: number;
  readonly bytes: number;
}

/** One piece of work on a screen; each is answered, in their order. */
export interface ScreenRequest {
  /** Forget all previous output. */
  readonly isNew: boolean;
  /** Output that is new. */
  readonly stretches: readonly Stretch[];
  /** Nothing, if the output just has to be seen. */
  readonly want?: ScreenWant;
}

export interface ScreenAnswer {
  /** Bytes at the end of the output that are not on the screen yet. */
  readonly heldBytes: number;
  readonly replay?: Replay;
  readonly picture?: Picture;
}
