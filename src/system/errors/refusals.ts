/** A peer that got no more of a table, or had to give something up for another. */
export interface Refusal {
  /** As docs/limits.md has it: `rpc.connections`. */
  readonly table: string;
  /** The key of the peer. */
  readonly peer: string;
}

const counts = new Map<string, number>();
const listeners = new Set<(refusal: Refusal) => void>();

/** Counts it; tables without a name are not counted. */
export function noteRefusal(refusal: Refusal): void {
  if (refusal.table === '') return;
  counts.set(refusal.table, (counts.get(refusal.table) ?? 0) + 1);
  for (const tell of listeners) tell(refusal);
}

/** Table → refusals since this process began. */
export function refusalCounts(): ReadonlyMap<string, number> {
  return counts;
}

/** Tells of each refusal from now on, until the function that it returns is called. */
export function onRefusal(listener: (refusal: Refusal) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
