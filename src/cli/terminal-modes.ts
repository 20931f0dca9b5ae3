/** What a program in the guest may switch on in the user's terminal, and how to switch it off again. */
const restorable: readonly { readonly on: RegExp; readonly off: RegExp; readonly restore: string }[] = [
  // Alternate screen (xterm control sequences, DECSET 47, 1047, 1049)
  { on: /\x1b\[\?(?:47|1047|1049)h/g, off: /\x1b\[\?(?:47|1047|1049)l/g, restore: '\x1b[?1049l' },
  // Hidden cursor: here "on" is the hiding
  { on: /\x1b\[\?25l/g, off: /\x1b\[\?25h/g, restore: '\x1b[?25h' },
  // Mouse reports
  {
    on: /\x1b\[\?(?:1000|1002|1003|1006)(?:;\d+)*h/g,
    off: /\x1b\[\?(?:1000|1002|1003)(?:;\d+)*l/g,
    restore: '\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l',
  },
  // Bracketed paste
  { on: /\x1b\[\?2004h/g, off: /\x1b\[\?2004l/g, restore: '\x1b[?2004l' },
  // Application cursor keys and keypad
  { on: /\x1b\[\?1h/g, off: /\x1b\[\?1l/g, restore: '\x1b[?1l\x1b>' },
];

/** Longest sequence above that may be cut by a chunk's end. */
const carryLength = 24;

/**
 * Watches what is written to a terminal and knows what must be undone when the session is left, so that the user's
 * own shell finds its terminal as it was.
 */
export class TerminalModes {
  #carry = '';
  readonly #isOn = restorable.map(() => false);

  watch(bytes: Uint8Array): void {
    const text = this.#carry + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
    restorable.forEach(({ on, off }, i) => {
      const lastOn = lastIndex(text, on);
      const lastOff = lastIndex(text, off);
      if (lastOn !== lastOff) this.#isOn[i] = lastOn > lastOff;
    });
    this.#carry = text.slice(-carryLength);
  }

  /** The sequences that put the terminal back; attributes are always reset. */
  restore(): string {
    return `${restorable.map(({ restore }, i) => (this.#isOn[i] ? restore : '')).join('')}\x1b[0m`;
  }
}

function lastIndex(text: string, pattern: RegExp): number {
  let last = -1;
  for (const match of text.matchAll(pattern)) last = match.index;
  return last;
}
