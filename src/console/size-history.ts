import { consoleLimits } from '../system/limits.ts';
import type { Size } from './pty.ts';

/** The window had this size from this offset of the output on. */
export interface SizeChange extends Size {
  readonly offset: number;
}

/** The sizes that the window of a channel had, as far as they matter for output that is still held. */
export class SizeHistory {
  #changes: SizeChange[];

  constructor(first: Size) {
    this.#changes = [{ offset: 0, ...first }];
  }

  get now(): Size {
    return this.at(Number.POSITIVE_INFINITY);
  }

  note(offset: number, { columns, rows }: Size): void {
    const { now } = this;
    if (now.columns === columns && now.rows === rows) return;
    // What came and went without output in between was seen by nobody.
    this.#changes = this.#changes.filter((change) => change.offset < offset);
    this.#changes = [...this.#changes.slice(1 - consoleLimits.sizesKept), { offset, columns, rows }];
  }

  /** The size when the output was there; of the oldest one that is known, if that was before. */
  at(offset: number): Size {
    const [first = { columns: 80, rows: 24 }] = this.#changes;
    const { columns, rows } = this.#changes.findLast((change) => change.offset <= offset) ?? first;
    return { columns, rows };
  }

  /** The changes after `from`, up to `to`. */
  between(from: number, to: number): SizeChange[] {
    return this.#changes.filter(({ offset }) => offset > from && offset <= to);
  }
}
