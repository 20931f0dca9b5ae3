/** Pure. */
import type { IBuffer, Terminal } from '@xterm/headless';
import { styleOf, styleSequence } from './look.ts';
import {
  type CellStyle,
  type CoreBuffer,
  cellAt,
  charsetName,
  coreOf,
  type ScreenCell,
} from './xterm-core.ts';

/** The look of a terminal that was reset. */
const plain = '\x1b[0m\x1b[0"q';

/**
 * A text that turns a terminal of this size, after a reset, into the same state as this one. It covers cells with
 * `history` lines before the screen, cursor, saved cursor, margins, and tab stops. It also covers character sets, modes,
 * and the position in a line that is being written.
 *
 * @param isPlain without colours and attributes of what is on the screen
 */
export function drawScreen(terminal: Terminal, history: number, isPlain = false): string {
  const core = coreOf(terminal);
  const { normal, alternate, active } = terminal.buffer;
  const { buffers } = core;
  const first = Math.max(0, buffers.normal.ybase - history);
  const isAlternate = active.type === 'alternate';
  return [
    drawBuffer({ terminal, buffer: normal, first, isPlain }),
    settings(terminal, buffers.normal),
    ...(isAlternate
      ? [
          `${plain}\x1b[?1047h\x1b[H`,
          drawBuffer({ terminal, buffer: alternate, first: 0, isPlain }),
          settings(terminal, buffers.alt),
        ]
      : []),
    modes(terminal),
    cursor(terminal, isAlternate ? buffers.alt : buffers.normal),
  ].join('');
}

interface Drawing {
  readonly terminal: Terminal;
  readonly buffer: IBuffer;
  /** Line of the buffer that is drawn first. */
  readonly first: number;
  readonly isPlain: boolean;
}

/** Lines from the top of an empty screen on; those that do not fit go into the scroll-back, as they did before. */
function drawBuffer({ terminal, buffer, first, isPlain }: Drawing): string {
  const end = buffer.baseY + terminal.rows;
  const parts: string[] = [];
  for (let row = first; row < end; row++) {
    const isWrapped = row > first && buffer.getLine(row)?.isWrapped === true;
    if (row > first && !isWrapped) parts.push('\r\n');
    const goesOn = row + 1 < end && buffer.getLine(row + 1)?.isWrapped === true;
    parts.push(drawLine({ terminal, buffer, row, isPlain, isWrapped, goesOn }));
  }
  return parts.join('');
}

interface Line extends Omit<Drawing, 'first'> {
  readonly row: number;
  /** The cursor is still behind the end of the line before: the first cell makes it wrap. */
  readonly isWrapped: boolean;
  /** The line after it is wrapped: all cells must be written. */
  readonly goesOn: boolean;
}

/** Starts and ends with the default attributes. */
function drawLine({ terminal, buffer, row, isPlain, isWrapped, goesOn }: Line): string {
  const { cols } = terminal;
  let text = '';
  let look = plain;
  const wear = (wanted: string) => {
    if (wanted !== look) text += wanted;
    look = wanted;
  };
  const lookOf = (cell: ScreenCell) => (isPlain ? plain : styleSequence(cell));
  // A wide character that did not fit has left the last cell empty.
  const isShort = goesOn && cellAt(buffer, row + 1, 0)?.getWidth() === 2 && isEmpty(buffer, row, cols - 1);
  for (let column = 0; column < cols; column++) {
    const cell = cellAt(buffer, row, column);
    if (!cell || (isShort && column === cols - 1)) continue;
    const chars = cell.getChars();
    const isFirst = isWrapped && column === 0;
    if (cell.getWidth() === 0) {
      // The second half of a wide character; or a mark without a character before it.
      if (chars !== '') {
        wear(lookOf(cell));
        text += `\x1b[${column + 1}G${chars}`;
      }
    } else if (chars !== '' || goesOn || isFirst || !isErased(cell)) {
      wear(lookOf(cell));
      text += chars || ' ';
    } else {
      const count = countErased(buffer, { row, column, cols });
      wear(lookOf(cell));
      if (!cell.isBgDefault() && !isPlain) text += `\x1b[${count}X`;
      if (column + count < cols) text += `\x1b[${count}C`;
      column += count - 1;
    }
    if (isFirst && !cell.isBgDefault()) {
      // A line that is scrolled in has the background of what made it scroll.
      wear(plain);
      text += '\x1b[K';
    }
  }
  wear(plain);
  return text;
}

function isEmpty(buffer: IBuffer, row: number, column: number): boolean {
  return cellAt(buffer, row, column)?.getChars() === '';
}

/** A cell as erasing leaves it: nothing but a background. */
function isErased(cell: ScreenCell): boolean {
  return cell.getChars() === '' && cell.isFgDefault() && styleOf(cell) === 0;
}

/** Erased cells of the same background from a column on. */
function countErased(buffer: IBuffer, place: { row: number; column: number; cols: number }): number {
  const { row, column, cols } = place;
  const wanted = backgroundOf(cellAt(buffer, row, column));
  let count = 1;
  for (; column + count < cols; count++) {
    const cell = cellAt(buffer, row, column + count);
    if (cell?.getWidth() !== 1 || !isErased(cell) || backgroundOf(cell) !== wanted) break;
  }
  return count;
}

function backgroundOf(cell: ScreenCell | undefined): string {
  return cell ? `${cell.getBgColorMode()} ${cell.getBgColor()} ${cell.isProtected()}` : '';
}

/** Tab stops, saved cursor and margins of a buffer. Leaves the plain look. */
function settings(terminal: Terminal, buffer: CoreBuffer): string {
  const { cols, rows } = terminal;
  let text = '';
  const stops = Array.from({ length: cols }, (_, column) => column).filter((column) => buffer.tabs[column]);
  if (stops.some((column) => column % 8 !== 0) || stops.length !== Math.ceil(cols / 8))
    text += `\x1b[3g${stops.map((column) => `\x1b[${column + 1}G\x1bH`).join('')}`;
  const row = Math.max(0, buffer.savedY - buffer.ybase);
  const charset = charsetName(buffer.savedCharset);
  text += styleSequence(withoutMore(buffer.savedCurAttrData));
  text += `\x1b(${charset}${place(Math.min(row, rows - 1), buffer.savedX)}\x1b7\x1b(B${plain}`;
  if (buffer.scrollTop > 0 || buffer.scrollBottom < rows - 1)
    text += `\x1b[${buffer.scrollTop + 1};${buffer.scrollBottom + 1}r`;
  return text;
}

/** A saved look has no extended attributes: xterm.js forgets them. */
function withoutMore(look: CellStyle): CellStyle {
  return Object.assign(Object.create(look) as CellStyle, { hasExtendedAttrs: () => 0 });
}

function modes(terminal: Terminal): string {
  const { modes, options } = terminal;
  const { coreService, coreMouseService } = coreOf(terminal);
  const { cursorStyle, cursorBlink } = coreService.decPrivateModes;
  const shape = cursorStyle && { block: 2, underline: 4, bar: 6 }[cursorStyle] - (cursorBlink ? 1 : 0);
  const mouse = { none: '', x10: '9', vt200: '1000', drag: '1002', any: '1003' }[modes.mouseTrackingMode];
  const encoding = { SGR: '1006', SGR_PIXELS: '1016' }[coreMouseService.activeEncoding];
  const isOn: readonly (readonly [boolean, string])[] = [
    [modes.applicationCursorKeysMode, '\x1b[?1h'],
    [modes.applicationKeypadMode, '\x1b='],
    [modes.bracketedPasteMode, '\x1b[?2004h'],
    [modes.sendFocusMode, '\x1b[?1004h'],
    [modes.reverseWraparoundMode, '\x1b[?45h'],
    [!modes.wraparoundMode, '\x1b[?7l'],
    [modes.insertMode, '\x1b[4h'],
    [options.convertEol === true, '\x1b[20h'],
    [coreService.isCursorHidden, '\x1b[?25l'],
    [mouse !== '', `\x1b[?${mouse}h`],
    [encoding !== undefined, `\x1b[?${encoding}h`],
    [shape !== undefined, `\x1b[${shape} q`],
    // Last, since it moves the cursor.
    [modes.originMode, '\x1b[?6h'],
  ];
  return isOn.map(([isSet, sequence]) => (isSet ? sequence : '')).join('');
}

function charsets(terminal: Terminal): string {
  const { _charsets, glevel, charset } = coreOf(terminal)._charsetService;
  const invoked = ['\x0f', '\x0e', '\x1bn', '\x1bo'][glevel] ?? '';
  const sets = ['(', ')', '*', '+'].map((into, g) => {
    // The one in use may be one that came with a saved cursor.
    const name = charsetName(g === glevel ? charset : _charsets[g]);
    return name === 'B' ? '' : `\x1b${into}${name}`;
  });
  return `${sets.join('')}${glevel > 0 ? invoked : ''}`;
}

/** The cursor, and the look and character sets of what comes next. Also whether a line is full, and what a mark that comes next joins. */
function cursor(terminal: Terminal, buffer: CoreBuffer): string {
  const { _inputHandler } = coreOf(terminal);
  const { x, y, scrollTop } = buffer;
  const row = terminal.modes.originMode ? y - scrollTop : y;
  const look = styleSequence(_inputHandler._curAttrData, true);
  const isJoining = _inputHandler._parser.precedingJoinState !== 0;
  const sets = charsets(terminal);
  if (x === 0 || !(isJoining || x >= terminal.cols)) return `${place(row, x)}${look}${sets}`;
  const before = buffer.ybase + y;
  const { active } = terminal.buffer;
  const last = cellAt(active, before, x - 1);
  const isSecondHalf = last?.getWidth() === 0 && last.getChars() === '';
  const start = isSecondHalf ? x - 2 : x - 1;
  const cell = cellAt(active, before, start);
  if (!cell) return `${place(row, x)}${look}${sets}`;
  // Written once more. In insert mode, what it pushes away was pulled before.
  const pull = terminal.modes.insertMode ? `\x1b[${cell.getWidth() || 1}P` : '';
  const again = cell.getChars() || ' ';
  const there = place(row, start) + pull;
  // What was written with a character set is not in it any more; and nothing may come between it and a mark.
  if (isJoining) return `${sets}${there}${look}${again}`;
  return `${there}${styleSequence(cell)}${again}${look}${sets}`;
}

/** Both count from 0. */
function place(row: number, column: number): string {
  return `\x1b[${row + 1};${column + 1}H`;
}
