/** A peer that was refused at its share of a table, or lost an entry to another peer. */
export interface ShareRefusal {
  /** Room and name in docs/limits.md: `rpc.connections`. */
  readonly table: string;
  /** The key of the peer. */
  readonly peer: string;
}

const counts = new Map<string, number>();
const listeners = new Set<(refusal: ShareRefusal) => void>();

/** Counts a refusal; tables without a name are not counted. */
export function noteRefusal(refusal: ShareRefusal): void {
  if (refusal.table === '') return;
  counts.set(refusal.table, (counts.get(refusal.table) ?? 0) + 1);
  for (const tell of listeners) tell(refusal);
}

/** Table → refusals since this process started. */
export function refusalCounts(): ReadonlyMap<string, number> {
  return counts;
}

/** Calls the listener for each further refusal, until the returned function is called. */
export function onRefusal(listener: (refusal: ShareRefusal) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
