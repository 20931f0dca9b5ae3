import headless, { type Terminal } from '@xterm/headless';
import { consoleLimits } from '../../system/limits/limits.ts';
import type { Size } from '../pty.ts';
import { drawScreen } from './draw-screen.ts';
import { ScreenInput } from './input.ts';
import { fitPicture, type Picture, takePicture } from './picture.ts';

/** What draws a screen on a terminal that was reset; as screen_replay in umlmonctrl.x. */
export interface Replay {
  readonly columns: number;
  readonly rows: number;
  readonly history: number;
  readonly full: boolean;
  readonly data: Uint8Array;
}

/** Ends a pending sequence, leaves the alternate screen, and resets modes, colours and mouse. */
const usual = '\x18\x1b[?1049l\x1b[!p\x1b[?1003l\x1b[?1006l\x1b[?1004l\x1b[?2004l\x1b[?7h\x1b[20l';

/** A terminal without a window: what the output of a console looks like. It never answers, and has no timers. */
export class Emulator {
  readonly #terminal: Terminal;
  readonly #input = new ScreenInput();

  constructor(size: Size) {
    this.#terminal = new headless.Terminal({
      ...clipped(size),
      scrollback: consoleLimits.screenHistory,
      allowProposedApi: true,
      logLevel: 'off',
    });
    // Links take memory that nothing bounds.
    this.#terminal.parser.registerOscHandler(8, () => true);
  }

  /** Bytes at the end of the output that are not on the screen yet: an incomplete sequence. */
  get heldBytes(): number {
    return this.#input.heldBytes;
  }

  /** For tests, which compare cells. */
  get terminal(): Terminal {
    return this.#terminal;
  }

  /** Resolves when the screen shows it. */
  write(bytes: Uint8Array): Promise<void> {
    const text = this.#input.take(bytes);
    return new Promise((resolve) => this.#terminal.write(text, resolve));
  }

  resize(size: Size): void {
    const { columns, rows } = size;
    const { cols, rows: rowCount } = clipped({ columns, rows });
    this.#terminal.resize(cols, rowCount);
  }

  /** Another kernel writes from now on, to a terminal in its default state, below the old output. */
  async renew(): Promise<void> {
    await this.write(Buffer.from(usual));
    if (isFull(this.#terminal)) await this.write(Buffer.from(`\x1b[${this.#terminal.rows}H\r\n`));
  }

  /** @param bytes that a reply can carry: less scroll-back, or no colours, where it would be more */
  replay(history: number, bytes: number): Replay {
    const terminal = this.#terminal;
    const { cols: columns, rows } = terminal;
    const { baseY } = terminal.buffer.normal;
    for (let lines = Math.min(history, baseY), isPlain = false; ; isPlain = lines === 0, lines >>= 1) {
      const data = Buffer.from(drawScreen(terminal, lines, isPlain));
      if (data.length <= bytes || (lines === 0 && isPlain))
        return { columns, rows, history: lines, full: isFull(terminal), data: data.subarray(0, bytes) };
    }
  }

  picture(history: number, bytes: number): Picture {
    return fitPicture(takePicture(this.#terminal, history), bytes);
  }

  close(): void {
    this.#terminal.dispose();
  }
}

/** A terminal of xterm.js has two columns at least. */
function clipped({ columns, rows }: Size): { cols: number; rows: number } {
  const { screenColumns, screenRows } = consoleLimits;
  return {
    cols: Math.min(Math.max(columns, 2), screenColumns),
    rows: Math.min(Math.max(rows, 1), screenRows),
  };
}

/** Whether a program draws on the whole screen: on the alternate one, or below the cursor. */
function isFull(terminal: Terminal): boolean {
  const { active } = terminal.buffer;
  if (active.type === 'alternate') return true;
  const below = Array.from({ length: terminal.rows - 1 - active.cursorY }, (_, i) => i + 1);
  return below.some((down) => {
    const line = active.getLine(active.baseY + active.cursorY + down);
    return line !== undefined && line.translateToString(true) !== '';
  });
}
