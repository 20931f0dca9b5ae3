import { paths } from './environment.ts';
import type { Cell } from './judge.ts';

/** A row as it is printed. */
export interface TableRow {
  readonly name: string;
  readonly who: string;
  readonly cells: readonly Cell[];
  /** Why the host of the tests cannot have this environment. */
  readonly impossible?: string;
  readonly ms: number;
}

/** The whole matrix as text: environments by paths. Pure. */
export function tableText(rows: readonly TableRow[]): string {
  return textOf(rows, totals(rows));
}

/** Only the environments that are wrong or that this host cannot have, and the totals. Pure. */
export function summaryText(rows: readonly TableRow[], file: string): string {
  const shown = rows.filter((row) => row.impossible !== undefined || isWrong(row));
  const end = `${totals(rows)}; the whole matrix: ${file}`;
  return shown.length > 0 ? textOf(shown, end) : end;
}

const isWrong = ({ cells }: TableRow) => cells.some(({ right }) => !right);

function totals(rows: readonly TableRow[]): string {
  const impossible = rows.filter((row) => row.impossible !== undefined).length;
  const wrong = rows.filter(isWrong).length;
  return `${rows.length - impossible} environments tried, ${wrong} wrong, ${impossible} not possible on this host`;
}

function textOf(rows: readonly TableRow[], end: string): string {
  const width = Math.max(...rows.map(({ name }) => name.length), 0);
  const columns = paths.map((path) => Math.max(path.length, 'refused'.length));
  const line = (name: string, who: string, words: readonly string[], end: string) =>
    [name.padEnd(width), who.padEnd(4), ...words.map((word, i) => word.padEnd(columns[i] ?? 0)), end]
      .join('  ')
      .trimEnd();
  const lines = rows.map(({ name, who, cells, impossible, ms }) =>
    impossible === undefined
      ? line(
          name,
          who,
          cells.map(({ word }) => word),
          `${Math.round(ms)} ms`,
        )
      : `${name.padEnd(width)}  ${who.padEnd(4)}  NOT TRIED: ${impossible.trim()}`,
  );
  return [line('environment', 'who', paths, ''), ...lines, end].join('\n');
}
