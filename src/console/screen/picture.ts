/** Pure. */
import type { Terminal } from '@xterm/headless';
import { colourOf, styleOf } from './look.ts';
import { cellAt, coreOf, type ScreenCell } from './xterm-core.ts';

/**
 * Cells in a row with the same attributes; as screen_run in umlmonctrl.x, which defines the numbers. Their characters are
 * equally wide, and a character with marks is alone, so that the cell of each is known.
 */
export interface CellRun {
  readonly text: string;
  readonly cells: number;
  readonly foreground: number;
  readonly background: number;
  readonly style: number;
}

export interface PictureLine {
  readonly wrapped: boolean;
  readonly runs: readonly CellRun[];
}

/** The cells of a screen; as screen_picture in umlmonctrl.x. */
export interface Picture {
  readonly columns: number;
  readonly rows: number;
  readonly cursorColumn: number;
  readonly cursorRow: number;
  readonly cursorVisible: boolean;
  readonly alternate: boolean;
  /** Lines before the first one. */
  readonly omitted: number;
  /** Lines of the scroll-back among `lines`. */
  readonly history: number;
  readonly lines: readonly PictureLine[];
}

/** UTF-16 units of a run: in UTF-8 they fit the protocol's text. */
const runUnits = 1000;

export function takePicture(terminal: Terminal, history: number): Picture {
  const { active } = terminal.buffer;
  const { coreService } = coreOf(terminal);
  const before = Math.min(active.baseY, history);
  const first = active.baseY - before;
  const lines = Array.from({ length: before + terminal.rows }, (_, i): PictureLine => {
    const row = first + i;
    const cells = Array.from({ length: terminal.cols }, (_, column) => cellAt(active, row, column));
    return { wrapped: active.getLine(row)?.isWrapped === true, runs: runsOf(cells) };
  });
  return {
    columns: terminal.cols,
    rows: terminal.rows,
    cursorColumn: Math.min(active.cursorX, terminal.cols - 1),
    cursorRow: active.cursorY,
    cursorVisible: !coreService.isCursorHidden,
    alternate: active.type === 'alternate',
    omitted: first,
    history: before,
    lines,
  };
}

function runsOf(cells: readonly (ScreenCell | undefined)[]): CellRun[] {
  const runs: CellRun[] = [];
  /** Of each character of the last run; 0 if it is complete. */
  let width = 0;
  for (const cell of cells) {
    if (!cell || (cell.getWidth() === 0 && cell.getChars() === '')) continue;
    const text = cell.getChars() || ' ';
    const before = width;
    width = [...text].length > 1 ? 0 : cell.getWidth();
    const next: CellRun = {
      text,
      cells: cell.getWidth(),
      foreground: colourOf(cell.isFgDefault(), cell.isFgRGB(), cell.getFgColor()),
      background: colourOf(cell.isBgDefault(), cell.isBgRGB(), cell.getBgColor()),
      style: styleOf(cell),
    };
    const last = runs.at(-1);
    const isSameWidth = width !== 0 && width === before;
    if (last && isSameWidth && isAlike(last, next) && last.text.length + text.length <= runUnits)
      runs[runs.length - 1] = { ...last, text: last.text + next.text, cells: last.cells + next.cells };
    else runs.push(next);
  }
  const last = runs.at(-1);
  if (last?.background !== 0 || last.style !== 0) return runs;
  const text = last.text.replace(/ +$/, '');
  const cut = { ...last, text, cells: last.cells - (last.text.length - text.length) };
  return text === '' ? runs.slice(0, -1) : [...runs.slice(0, -1), cut];
}

function isAlike(a: CellRun, b: CellRun): boolean {
  return a.foreground === b.foreground && a.background === b.background && a.style === b.style;
}

/** What a reply of so many bytes can carry (XDR: a line takes 8 bytes, a run 20 and its text): the newest lines. */
export function fitPicture(picture: Picture, bytes: number): Picture {
  let room = bytes;
  let kept = 0;
  for (const { runs } of [...picture.lines].reverse()) {
    room -= 8 + runs.reduce((sum, { text }) => sum + 24 + Buffer.byteLength(text), 0);
    if (room < 0) break;
    kept += 1;
  }
  const gone = picture.lines.length - kept;
  return {
    ...picture,
    omitted: picture.omitted + gone,
    history: Math.max(0, picture.history - gone),
    lines: picture.lines.slice(gone),
  };
}
