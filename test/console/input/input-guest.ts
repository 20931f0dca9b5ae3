/** A guest that reads its console, for tests of the input ledger. */
import { expect } from 'vitest';
import { InputLedger } from '../../../src/console/input/input-ledger.ts';
import { type LineBuffer, readLineBuffer } from '../../../src/console/input/line-buffer.ts';
import { memoryOf } from '../../helpers/terminal/line-buffer.ts';

/** With so many unread bytes, a kernel stops reading the console for ever. */
export const deadly = 3969;

/** The input buffer of a terminal. */
export class Terminal {
  received = '';
  read = 0;
  isCanonical = false;

  get unread(): number {
    return this.received.length - this.read;
  }

  receive(text: string): void {
    for (const key of text) {
      if (this.isCanonical && key === '\x03') {
        this.received = '';
        this.read = 0;
      } else if (this.isCanonical && key === '\x15') {
        this.received = this.received.slice(0, Math.max(this.read, this.received.lastIndexOf('\n') + 1));
      } else if (this.isCanonical && key === '\x7f') {
        if (this.received.length > this.read && !this.received.endsWith('\n'))
          this.received = this.received.slice(0, -1);
      } else this.received += this.isCanonical && key === '\r' ? '\n' : key;
    }
  }

  take(most: number): void {
    const end = this.isCanonical ? this.received.lastIndexOf('\n') + 1 : this.received.length;
    this.read = Math.max(this.read, Math.min(end, this.read + most));
  }

  /** As tcflush(3) does. */
  flush(): void {
    this.received = '';
    this.read = 0;
  }

  get buffer(): LineBuffer {
    const { read, isCanonical } = this;
    const buffer = readLineBuffer(memoryOf(this.received, { read, isCanonical }));
    if (!buffer) throw new Error('not a buffer');
    return buffer;
  }
}

/** A console, its ledger, and the guest; time is what the test says. */
export class Guest {
  now = 1000;
  readonly ledger: InputLedger;
  /** Of the console first; others get copies of its input, or their own. */
  readonly terminals = new Map<number, Terminal>();
  #own = 0x1000;
  isOpen = true;
  /** Passed on, and not received. */
  outside = '';
  flip = '';
  output = 0;
  /** Former mappings of the console's buffer, each with a tail of its own. */
  staleTails: readonly number[] = [];
  /** A multiplexer passes input on. */
  inner: Terminal | undefined;

  constructor(isNew = true) {
    this.ledger = new InputLedger(isNew, this.now);
    this.terminals.set(this.#own, new Terminal());
    this.terminals.set(0x9000, new Terminal());
  }

  get terminal(): Terminal {
    const terminal = this.terminals.get(this.#own);
    if (!terminal) throw new Error('no terminal');
    return terminal;
  }

  pass(text: string): void {
    this.ledger.note(Buffer.from(text, 'latin1'), this.now, this.output);
    this.outside += text;
  }

  /** Input moves on: into the kernel, and from there into the terminal. */
  arrive(): void {
    this.terminal.receive(this.flip);
    // A multiplexer holds back what its terminal has no room for.
    if (this.inner) this.inner.receive(this.flip.slice(0, 4000 - this.inner.unread));
    this.flip = this.isOpen ? this.outside : '';
    if (this.isOpen) this.outside = '';
    expect(this.terminal.unread).toBeLessThan(deadly);
  }

  tick(ms: number): void {
    // A kernel is never so slow: docs/limits.md, arriveTime.
    if (ms > 100) {
      this.arrive();
      this.arrive();
    }
    this.now += ms;
  }

  /** The last process closes the terminal: what is unread is gone, the memory stays as it is for a while. */
  close(): void {
    this.arrive();
    this.arrive();
    this.isOpen = false;
  }

  reopen(): void {
    if (this.isOpen) return;
    this.#own += 0x3000;
    this.terminals.set(this.#own, new Terminal());
    this.isOpen = true;
  }

  look(): void {
    const { passed, wanted } = this.ledger;
    const own = this.terminal.buffer;
    const stale = this.staleTails.map(
      (tail, i) => [0x100000 + i * 0x3000, { ...own, tail, unread: Math.max(0, own.head - tail) }] as const,
    );
    const all = [...[...this.terminals].map(([at, { buffer }]) => [at, buffer] as const), ...stale].map(
      ([at, buffer]) => [at, { ...buffer, place: at === this.#own || at >= 0x100000 ? 1 : at }] as const,
    );
    const asked = wanted && [...wanted];
    const buffers = new Map(asked ? all.filter(([at]) => asked.includes(at)) : all);
    this.ledger.look({ buffers, passed, outside: this.outside.length, output: this.output }, this.now);
  }

  /** One turn of a paste, as the gate does it; returns what is left. */
  paste(text: string): string {
    const bytes = Buffer.from(text, 'latin1');
    let taken = this.ledger.roomFor(bytes);
    if (taken === 0) {
      this.look();
      taken = this.ledger.roomFor(bytes) || Math.min(bytes.length, this.ledger.probe(this.now));
    }
    this.pass(text.slice(0, taken));
    return text.slice(taken);
  }
}

export const text = (length: number, seed: number) =>
  Array.from({ length }, (_, i) => (i % 41 === 40 ? '\r' : String.fromCharCode(33 + ((i * seed) % 90)))).join(
    '',
  );

/** Lets time pass until all is passed on; returns the milliseconds it took. */
export function pasteAll(guest: Guest, given: string, ms: number): number {
  const began = guest.now;
  let rest = given;
  while (rest !== '' && guest.now - began < ms) {
    rest = guest.paste(rest);
    guest.arrive();
    guest.arrive();
    guest.terminal.take(1e9);
    guest.inner?.take(1e9);
    guest.tick(5);
  }
  expect(rest).toBe('');
  return guest.now - began;
}
