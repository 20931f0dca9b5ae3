/** Length of a common prefix for which one name may mean another. */
const startLength = 3;

/** The candidate that a mistyped name most likely means, or '' if none is similar. */
export function suggest(word: string, candidates: readonly string[]): string {
  const wanted = word.slice(0, 64).toLowerCase();
  let best = '';
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best || longestStart(wanted, candidates);
}

/** The longest candidate that is a prefix of the name, such as `mem` of `memory`, or ''. */
function longestStart(word: string, candidates: readonly string[]): string {
  const starts = candidates
    .filter(({ length }) => length >= startLength)
    .filter((each) => word.startsWith(each));
  return starts.reduce((best, each) => (each.length > best.length ? each : best), '');
}

/** `did you mean "…"?`, or the given text if no candidate is similar. */
export function didYouMean(word: string, candidates: readonly string[], otherwise: string): string {
  const near = suggest(word, candidates);
  return near ? `did you mean "${near}"?` : otherwise;
}

/** Levenshtein distance in which a swap of two neighbours counts as one step (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let steps = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1])
        steps = Math.min(steps, (beforeLast[column - 2] ?? 0) + 1);
      current.push(steps);
    }
    [beforeLast, last] = [last, current];
  }
  return last[b.length] ?? 0;
}
