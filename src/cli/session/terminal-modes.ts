/** Private modes (DECSET) that are off in a user's terminal, in the order in which they are switched off. */
const usuallyOff = [
  ...[1049, 1047, 47], // alternate screen
  ...[1000, 1002, 1003, 1004, 1005, 1006, 1015, 1016], // mouse and focus reports
  ...[2004, 2026], // bracketed paste, synchronized output
  ...[1, 5, 6, 66], // application cursor keys, reverse video, origin mode, application keypad
];

/** Private modes that are on: wrapping, the cursor is visible. */
const usuallyOn = [7, 25];

/** What else is tracked, by a name of ours → the sequence that puts it back. */
const others = {
  keypad: '\x1b>',
  insert: '\x1b[4l',
  // Setting the margins moves the cursor: it is saved and restored around it.
  margins: '\x1b7\x1b[r\x1b8',
  charset: '\x1b(B',
  shiftOut: '\x0f',
  cursorShape: '\x1b[0 q',
  modifyOtherKeys: '\x1b[>4m',
} as const;

/** Longest control sequence that is parsed; the sequences here are all shorter. */
const sequenceMax = 64;

type Changed = number | keyof typeof others;

/**
 * Watches what is written to a terminal (ECMA-48 control sequences, xterm's ctlseqs). It knows what must be undone when
 * the session is left, so that the user's own shell finds its terminal as it was.
 */
export class TerminalModes {
  /** What is not as usual. */
  readonly #changed = new Set<Changed>();
  /** Levels of the kitty keyboard protocol that were pushed. */
  #keyboardLevels = 0;
  /** An incomplete control sequence, from its ESC on; '' outside a sequence. */
  #sequence = '';

  watch(bytes: Uint8Array): void {
    for (const byte of bytes) {
      // Shifts take effect within a sequence, too.
      if (byte === 0x0e || byte === 0x0f) this.#note('shiftOut', byte === 0x0e);
      else if (byte === 0x1b) this.#sequence = '\x1b';
      else if (this.#sequence !== '') this.#continue(byte);
    }
  }

  /** The sequences that put the terminal back; attributes are always reset. */
  restore(): string {
    const modes = [
      ...usuallyOff.filter((mode) => this.#changed.has(mode)).map((mode) => `\x1b[?${mode}l`),
      ...usuallyOn.filter((mode) => this.#changed.has(mode)).map((mode) => `\x1b[?${mode}h`),
    ];
    const rest = Object.entries(others).filter(([name]) => this.#changed.has(name as Changed));
    const keyboard = this.#keyboardLevels > 0 ? `\x1b[<${this.#keyboardLevels}u` : '';
    // CAN ends a sequence that the guest has not finished.
    const cancel = this.#sequence === '' ? '' : '\x18';
    return `${cancel}${keyboard}${modes.join('')}${rest.map(([, sequence]) => sequence).join('')}\x1b[0m`;
  }

  #continue(byte: number): void {
    // CAN and SUB end a sequence.
    if (byte === 0x18 || byte === 0x1a || this.#sequence.length >= sequenceMax) {
      this.#sequence = '';
      return;
    }
    // Other control characters take effect within a sequence; here they are of no interest.
    if (byte < 0x20) return;
    this.#sequence += String.fromCharCode(byte);
    const isFinal = this.#sequence.startsWith('\x1b[')
      ? this.#sequence.length > 2 && byte >= 0x40
      : byte >= 0x30;
    if (!isFinal) return;
    this.#apply(this.#sequence);
    this.#sequence = '';
  }

  #apply(sequence: string): void {
    const decset = /^\x1b\[\?([\d;]*)([hl])$/.exec(sequence);
    if (decset) {
      for (const mode of (decset[1] ?? '').split(';').map(Number)) {
        if (usuallyOff.includes(mode)) this.#note(mode, decset[2] === 'h');
        else if (usuallyOn.includes(mode)) this.#note(mode, decset[2] === 'l');
      }
      return;
    }
    if (sequence === '\x1bc') this.#reset();
    else if (sequence === '\x1b[!p') this.#softReset();
    else if (/^\x1b[=>]$/.test(sequence)) this.#note('keypad', sequence === '\x1b=');
    else if (/^\x1b\[4[hl]$/.test(sequence)) this.#note('insert', sequence.endsWith('h'));
    else if (/^\x1b\[[\d;]*r$/.test(sequence)) this.#note('margins', /\d/.test(sequence));
    else if (/^\x1b\([0-9A-Z]$/.test(sequence)) this.#note('charset', sequence !== '\x1b(B');
    else if (/^\x1b\[\d* q$/.test(sequence)) this.#note('cursorShape', /[1-9]/.test(sequence));
    else if (/^\x1b\[>4(?:;\d*)?m$/.test(sequence)) this.#note('modifyOtherKeys', /;[12]m/.test(sequence));
    else if (/^\x1b\[>\d*u$/.test(sequence)) this.#keyboardLevels += 1;
    else if (/^\x1b\[<\d*u$/.test(sequence))
      this.#keyboardLevels = Math.max(0, this.#keyboardLevels - (Number(sequence.slice(3, -1)) || 1));
  }

  #note(what: Changed, changed: boolean): void {
    if (changed) this.#changed.add(what);
    else this.#changed.delete(what);
  }

  #reset(): void {
    this.#changed.clear();
    this.#keyboardLevels = 0;
  }

  /** DECSTR leaves screens, mouse and paste as they are. */
  #softReset(): void {
    for (const what of [1, 6, 7, 25, 66, 'keypad', 'insert', 'margins', 'charset', 'shiftOut'] as const)
      this.#note(what, false);
  }
}
