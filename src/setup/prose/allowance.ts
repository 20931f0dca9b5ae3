import type { ProseFinding } from './lint-files.ts';

/** How many findings files of a path may still have: the longest path that a file is under counts. */
export type Allowance = Readonly<Record<string, number>>;

/** Findings under a path of the allowance, or under none. */
export interface AllowanceAccount {
  readonly path: string;
  readonly allowed: number;
  readonly findings: readonly ProseFinding[];
}

/** The findings by path of the allowance; those that no path covers are under '' and none is allowed. */
export function accountsOf(findings: readonly ProseFinding[], allowance: Allowance): AllowanceAccount[] {
  const prefixes = Object.keys(allowance).sort((a, b) => b.length - a.length);
  const groups = new Map<string, ProseFinding[]>(prefixes.map((prefix) => [prefix, []]));
  for (const finding of findings) {
    const prefix =
      prefixes.find((path) => finding.path === path || finding.path.startsWith(`${path}/`)) ?? '';
    groups.set(prefix, [...(groups.get(prefix) ?? []), finding]);
  }
  return [...groups].map(([path, found]) => ({ path, allowed: allowance[path] ?? 0, findings: found }));
}

/** An allowance for exactly these findings: a number for each page, and for each folder below src, test and etc. */
export function allowanceOf(findings: readonly ProseFinding[]): Allowance {
  const numbers: Record<string, number> = {};
  for (const { path } of findings) {
    const place = /^(?:src|test|etc)\/[^/]+/.exec(path)?.[0] ?? path;
    numbers[place] = (numbers[place] ?? 0) + 1;
  }
  return Object.fromEntries(Object.entries(numbers).sort(([a], [b]) => (a < b ? -1 : 1)));
}
