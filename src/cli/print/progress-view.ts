import { harmless } from '../../system/text.ts';
import { OutputClosed, print, write } from './output.ts';
import {
  advance,
  barText,
  type Estimate,
  estimate,
  isLineDue,
  progressLine,
  type Sample,
  type Track,
} from './progress.ts';

/** Milliseconds before a bar is shown, and between two of its states. */
const barAfterMs = 250;
const barEveryMs = 100;
/** Columns of a terminal of unknown width. */
const usualColumns = 80;

/** Columns left free for the ^C that a terminal shows, and the last one, after which some go to the next line. */
const roomAfter = 3;

/** Shows the progress of a disk command: as a bar on a terminal, as lines, or as documents. */
export interface ProgressView {
  /** `document` is the content of a JSON line, without the estimate. */
  show(done: number, total: number, document?: object): Promise<void>;
  /** Removes the bar; the next output is on a line of its own. */
  end(): Promise<void>;
}

export function progressView(label: string, json: boolean): ProgressView {
  return process.stdout.isTTY && !json ? new Bar(label) : new Lines(label, json);
}

/** One line that is drawn over again. */
class Bar implements ProgressView {
  readonly #label: string;
  #track: Track = [];
  #drawn = 0;
  #began = 0;

  constructor(label: string) {
    this.#label = label;
  }

  async show(done: number, total: number): Promise<void> {
    const at = performance.now();
    this.#began ||= at;
    this.#track = advance(this.#track, { at, done, total });
    if (at - this.#began < barAfterMs || at - this.#drawn < barEveryMs) return;
    this.#drawn = at;
    const width = (process.stdout.columns || usualColumns) - roomAfter;
    await write(`\r${harmless(barText(this.#label, estimate(this.#track), width))}\x1b[K`);
  }

  async end(): Promise<void> {
    if (this.#drawn === 0) return;
    this.#drawn = 0;
    try {
      await write('\r\x1b[K');
    } catch (error) {
      // The next output reports it.
      if (!(error instanceof OutputClosed)) throw error;
    }
  }
}

/** Lines that stay. */
class Lines implements ProgressView {
  readonly #label: string;
  readonly #json: boolean;
  #track: Track = [];
  #last: Sample | undefined;

  constructor(label: string, json: boolean) {
    this.#label = label;
    this.#json = json;
  }

  async show(done: number, total: number, document: object = {}): Promise<void> {
    const now = { at: performance.now(), done, total };
    this.#track = advance(this.#track, now);
    if (!isLineDue(this.#track[0] ?? now, this.#last, now)) return;
    this.#last = now;
    const known = estimate(this.#track);
    await print(
      this.#json ? JSON.stringify(progressDocument(document, known)) : progressLine(this.#label, known),
    );
  }

  async end(): Promise<void> {
    // Lines stay.
  }
}

/** A document of progress; numbers are rounded, as they are no better than that. */
function progressDocument(document: object, { done, total, bytesPerSecond, secondsLeft }: Estimate): object {
  const rounded = (value: number | undefined) => (value === undefined ? null : Math.round(value));
  return {
    ...document,
    done,
    total,
    bytesPerSecond: rounded(bytesPerSecond),
    secondsLeft: rounded(secondsLeft),
  };
}
