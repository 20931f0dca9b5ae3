export const MiB = 1024 ** 2;

/** One line of the report. */
export interface Figure {
  readonly name: string;
  /** Without umlmon; empty where there is nothing to compare with. */
  readonly baseline: string;
  /** With umlmon. */
  readonly subject: string;
  /** What is held against the budget: a ratio or difference of the two, or the largest of several. */
  readonly value: number;
  readonly unit: 'x' | 'MiB' | 'ms' | '';
  readonly budget: { readonly atMost: number } | { readonly atLeast: number };
}

export function isWithin({ value, budget }: Figure): boolean {
  return 'atMost' in budget ? value <= budget.atMost : value >= budget.atLeast;
}

/** What the noise of a busy machine may add to a figure, by its unit. */
const slack = { x: 1, MiB: 5, ms: 20, '': 50 } as const;

/** The figure with a budget that only a real loss exceeds: twice the usual one, and what noise adds. */
export function withSlack(figure: Figure): Figure {
  const { budget, unit } = figure;
  if ('atLeast' in budget) return { ...figure, budget: { atLeast: budget.atLeast / 3 } };
  // Memory is hardly noisy.
  const factor = unit === 'MiB' ? 1 : 2;
  return { ...figure, budget: { atMost: factor * budget.atMost + slack[unit] } };
}

/** The report as a table for people. */
export function table(figures: readonly Figure[]): string {
  const number = (value: number, unit: string) =>
    `${Number(value.toFixed(2))}${unit === 'x' ? ' x' : unit && ` ${unit}`}`;
  const rows = [
    ['figure', 'baseline', 'umlmon', 'value', 'budget', ''],
    ...figures.map((figure) => {
      const { name, baseline, subject, value, unit, budget } = figure;
      const limit =
        'atMost' in budget ? `<= ${number(budget.atMost, unit)}` : `>= ${number(budget.atLeast, unit)}`;
      return [name, baseline, subject, number(value, unit), limit, isWithin(figure) ? 'ok' : 'OVER'];
    }),
  ];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** How fast transfers of so many MiB are, by the seconds that they took. */
export function throughput(
  name: string,
  megabytes: number,
  { baseline, subject }: { readonly baseline: readonly number[]; readonly subject: readonly number[] },
): Figure {
  const [byHand, umlmon] = [median(baseline), median(subject)];
  return {
    name,
    baseline: gigabits(megabytes, byHand),
    subject: gigabits(megabytes, umlmon),
    value: byHand / umlmon,
    unit: 'x',
    budget: { atLeast: 0.95 },
  };
}

function gigabits(megabytes: number, seconds: number): string {
  return `${((megabytes * MiB * 8) / seconds / 1e9).toFixed(2)} Gbit/s`;
}

export function milliseconds(seconds: number): string {
  return `${(seconds * 1000).toFixed(seconds < 0.01 ? 2 : 1)} ms`;
}

export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** The smallest value that `percent` of all values do not exceed. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
  if (value === undefined) throw new Error('nothing was measured');
  return value;
}

/** Runs baseline and subject in turns, so that both meet the same moods of the machine. */
export async function inTurns<T>(rounds: number, baseline: () => Promise<T>, subject: () => Promise<T>) {
  const results = { baseline: [] as T[], subject: [] as T[] };
  for (let round = 0; round < rounds; round++) {
    results.baseline.push(await baseline());
    results.subject.push(await subject());
  }
  return results;
}
