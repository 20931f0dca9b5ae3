import type { ScreenPicture, ScreenRun } from '../../rpc/umlmonctrl.gen.ts';
import { consoleLimits } from '../../system/limits/limits.ts';
import { blend, colourOf, styles, usualColours } from './look.ts';

/** A character where it is on the screen, as it is drawn. */
export interface PictureCell {
  readonly row: number;
  readonly column: number;
  /** 2 for a wide character. */
  readonly columns: number;
  /** The character with its marks; '' if there is nothing to see. */
  readonly text: string;
  /** 0xRRGGBB. */
  readonly front: number;
  readonly back: number;
  readonly bold: boolean;
  readonly italic: boolean;
  readonly underlined: boolean;
  readonly struck: boolean;
  readonly overlined: boolean;
}

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/** Columns and rows of a screen, of which there are some, and not more than a monitor emulates. */
export function screenSize({ columns, rows }: ScreenPicture): ScreenSize {
  const { screenColumns, screenRows } = consoleLimits;
  return {
    columns: Math.min(Math.max(columns, 1), screenColumns),
    rows: Math.min(Math.max(rows, 1), screenRows),
  };
}

/** Part of its colour that a dim character keeps. */
const dimmed = 0.6;

/** The characters of a screen, without its scroll-back; where there is none, the screen has its usual colour. */
export function takeCells(picture: ScreenPicture): PictureCell[] {
  const { columns, rows } = screenSize(picture);
  const lines = picture.lines.slice(picture.history, picture.history + rows);
  // Those that were too much for the answer are missing at the top.
  const top = rows - lines.length;
  const cells = lines
    .flatMap(({ runs }, line) => cellsOf(runs, top + line))
    .filter((cell) => cell.column + cell.columns <= columns);
  const { cursorVisible, cursorColumn, cursorRow } = picture;
  if (!cursorVisible || cursorColumn >= columns || cursorRow >= rows) return cells;
  const isUnderCursor = ({ row, column, columns: width }: PictureCell) =>
    row === cursorRow && column <= cursorColumn && cursorColumn < column + width;
  const under = cells.findLast(isUnderCursor) ?? { ...blank, row: cursorRow, column: cursorColumn };
  return [...cells, { ...under, front: under.back, back: under.front }];
}

function cellsOf(runs: readonly ScreenRun[], row: number): PictureCell[] {
  let column = 0;
  return runs.flatMap((run) => {
    const first = column;
    column += run.cells;
    const characters = charactersOf(run);
    const columns = Math.min(Math.max(Math.floor(run.cells / characters.length), 1), 2);
    const look = lookOf(run);
    return characters.map((text, i) => ({
      ...look,
      row,
      column: first + i * columns,
      columns,
      text: shown(text, run),
    }));
  });
}

/** What has no cell of its own; the soft hyphen has one, and the second half of a Korean syllable has none. */
const mark = /^(?!\u00ad)[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff]$/u;

/** The characters of a run. They are equally wide, and one with marks is alone. */
function charactersOf({ text, cells }: ScreenRun): string[] {
  const points = [...text];
  return cells <= 2 && points.slice(1).every((point) => mark.test(point)) ? [text] : points;
}

/** What is to be seen of a character: no blanks, and nothing that only says how to show another. */
function shown(text: string, { style }: ScreenRun): string {
  if ((style & styles.hidden) !== 0) return '';
  return text.replace(/[\p{Z}\p{Cf}\p{Variation_Selector}]/gu, '');
}

type Look = Omit<PictureCell, 'row' | 'column' | 'columns' | 'text'>;

function lookOf({ foreground, background, style }: ScreenRun): Look {
  const has = (bit: number) => (style & bit) !== 0;
  const first = colourOf(foreground) ?? usualColours.foreground;
  const second = colourOf(background) ?? usualColours.background;
  const [front, back] = has(styles.inverse) ? [second, first] : [first, second];
  const hasLines = !has(styles.hidden);
  return {
    front: has(styles.dim) ? blend(front, back, dimmed) : front,
    back,
    bold: has(styles.bold),
    italic: has(styles.italic),
    underlined: hasLines && has(styles.underlined),
    struck: hasLines && has(styles.struck),
    overlined: hasLines && has(styles.overlined),
  };
}

/** What is where no run is. */
const blank = {
  columns: 1,
  text: '',
  front: usualColours.foreground,
  back: usualColours.background,
  bold: false,
  italic: false,
  underlined: false,
  struck: false,
  overlined: false,
} as const;
