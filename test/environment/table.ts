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

/** The matrix as text: environments by paths, and what could not be tried. Pure. */
export function tableText(rows: readonly TableRow[]): string {
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
  const tried = rows.filter(({ impossible }) => impossible === undefined);
  const wrong = tried.filter(({ cells }) => cells.some(({ right }) => !right));
  const total = `${tried.length} environments tried, ${wrong.length} wrong, ${rows.length - tried.length} not possible on this host`;
  return [line('environment', 'who', paths, ''), ...lines, total].join('\n');
}
