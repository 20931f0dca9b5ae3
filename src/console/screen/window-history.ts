/** Pure. */
import { consoleLimits } from '../../system/limits/limits.ts';
import type { Size } from '../pty.ts';

/** From this offset of the output on, the window had this size, or another kernel writes. */
export interface WindowChange extends Size {
  readonly offset: number;
  /** Nothing that the kernel before has set is in force any more. */
  readonly isRenewed: boolean;
  /** Grows by one with each change. */
  readonly serial: number;
}

/** What happened to the window of a channel, as far as it matters for output that is still held. */
export class WindowHistory {
  #changes: WindowChange[];
  #serial = 0;

  constructor(first: Size) {
    this.#changes = [{ offset: 0, ...first, isRenewed: true, serial: 0 }];
  }

  get size(): Size {
    const { columns, rows } = this.at(Number.POSITIVE_INFINITY);
    return { columns, rows };
  }

  resize(offset: number, { columns, rows }: Size): void {
    const { size } = this;
    if (size.columns !== columns || size.rows !== rows) this.#add(offset, { columns, rows }, false);
  }

  renew(offset: number): void {
    this.#add(offset, this.size, true);
  }

  /** The change that is in force at an offset; the oldest that is known, if that was before. */
  at(offset: number): WindowChange {
    const [first] = this.#changes;
    const found = this.#changes.findLast((change) => change.offset <= offset) ?? first;
    if (!found) throw new Error('the window has no size');
    return found;
  }

  /** The changes after the one with this serial number. */
  after(serial: number): WindowChange[] {
    return this.#changes.filter((change) => change.serial > serial);
  }

  #add(offset: number, { columns, rows }: Size, isRenewed: boolean): void {
    this.#serial += 1;
    const change = { offset, columns, rows, isRenewed, serial: this.#serial };
    this.#changes = [...this.#changes.slice(1 - consoleLimits.windowsKept), change];
  }
}
