/** The screen of a terminal as an SVG document that needs no font, style sheet or script from elsewhere. */
import type { IBufferCell, Terminal } from '@xterm/headless';

const cell = { width: 8.4, height: 18 };
const margin = 14;
const titleHeight = 30;
const background = '#11151c';
const foreground = '#d8dee9';
/** The 16 colours of a terminal. */
const palette = [
  ...['#3b4252', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#d8dee9'],
  ...['#5c6370', '#ff7a85', '#b5e890', '#ffd787', '#7cc4ff', '#d9a0f0', '#7fd8e4', '#ffffff'],
];

interface Piece {
  readonly text: string;
  readonly column: number;
  readonly fill: string;
  readonly back: string | undefined;
  readonly bold: boolean;
}

/** @param title of the window that is drawn around the screen */
export function screenSvg(terminal: Terminal, title: string): string {
  const lines = usedLines(terminal).map((row) => piecesOf(terminal, row));
  const width = Math.round(terminal.cols * cell.width + 2 * margin);
  const height = titleHeight + lines.length * cell.height + 2 * margin;
  const drawn = lines.flatMap((pieces, row) => pieces.map((piece) => drawPiece(piece, row)));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${xmlText(title)}</title>`,
    `<rect width="${width}" height="${height}" rx="8" fill="${background}"/>`,
    ...['#ff5f57', '#febc2e', '#28c840'].map(
      (fill, i) => `<circle cx="${18 + 18 * i}" cy="16" r="5.5" fill="${fill}"/>`,
    ),
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14">`,
    `<text x="${width / 2}" y="21" fill="#8b93a3" text-anchor="middle" font-size="12">${xmlText(title)}</text>`,
    ...drawn,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

/** Rows with text, also of those that have left the screen, and one blank row between them where there are any. */
function usedLines(terminal: Terminal): number[] {
  const { active } = terminal.buffer;
  const isBlank = (row: number) => !active.getLine(row)?.translateToString(true).trim();
  return Array.from({ length: active.length }, (_, row) => row).filter(
    (row, i, rows) =>
      !isBlank(row) || (i > 0 && !isBlank(row - 1) && rows.slice(i).some((next) => !isBlank(next))),
  );
}

function piecesOf(terminal: Terminal, row: number): Piece[] {
  const line = terminal.buffer.active.getLine(row);
  const pieces: Piece[] = [];
  for (let column = 0; column < terminal.cols; column++) {
    const at = line?.getCell(column);
    if (!at || at.getWidth() === 0) continue;
    const piece = { text: at.getChars() || ' ', column, ...lookOf(at) };
    const before = pieces.at(-1);
    if (before && before.fill === piece.fill && before.back === piece.back && before.bold === piece.bold)
      pieces[pieces.length - 1] = { ...before, text: before.text + piece.text };
    else pieces.push(piece);
  }
  return pieces.flatMap(withoutBlanks);
}

/** The text of a piece, split at blanks: not every renderer keeps several blanks in a row. A piece with a background stays whole. */
function withoutBlanks(piece: Piece): Piece[] {
  if (piece.back !== undefined) return [piece];
  return [...piece.text.matchAll(/\S+(?: \S+)*/g)].map(({ 0: text, index }) => ({
    ...piece,
    text,
    column: piece.column + index,
  }));
}

function lookOf(at: IBufferCell): Pick<Piece, 'fill' | 'back' | 'bold'> {
  const fill = at.isFgPalette() ? palette[at.getFgColor() & 15] : undefined;
  const back = at.isBgPalette() ? palette[at.getBgColor() & 15] : undefined;
  const bold = at.isBold() !== 0;
  if (at.isInverse()) return { fill: back ?? background, back: fill ?? foreground, bold };
  return { fill: fill ?? foreground, back, bold };
}

function drawPiece({ text, column, fill, back, bold }: Piece, row: number): string {
  // Blanks at the ends only have a background.
  const shown = text.trim();
  const before = text.length - text.trimStart().length;
  const x = (from: number) => (margin + from * cell.width).toFixed(1);
  const top = titleHeight + margin + row * cell.height;
  const length = (characters: number) => (characters * cell.width).toFixed(1);
  const behind =
    back === undefined
      ? ''
      : `<rect x="${x(column)}" y="${top}" width="${length(text.length)}" height="${cell.height}" fill="${back}"/>`;
  if (shown === '') return behind;
  return `${behind}<text x="${x(column + before)}" y="${top + 13}" textLength="${length(shown.length)}" lengthAdjust="spacingAndGlyphs" fill="${fill}"${bold ? ' font-weight="bold"' : ''}>${xmlText(shown)}</text>`;
}

/** The text of such a document, a line for each element. */
export function textOfSvg(svg: string): string {
  const unescaped = (text: string) =>
    text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
  return [...svg.matchAll(/<text [^>]*>([^<]*)</g)].map(([, text = '']) => unescaped(text)).join('\n');
}

function xmlText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
