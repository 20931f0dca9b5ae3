/** What this page has asked of a VM: in progress, or failed. What was done is not kept. */
export interface ActionResult {
  /** `Start` */
  readonly label: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Why it failed; undefined while it is in progress. */
  readonly failure: unknown;
}

const outcomes = new Map<string, ActionResult>();
const listeners = new Set<() => void>();

export function actionResultOf(vm: string): ActionResult | undefined {
  return outcomes.get(vm);
}

/** @param outcome undefined: done, or read */
export function setOutcome(vm: string, outcome: ActionResult | undefined): void {
  if (outcome) outcomes.set(vm, outcome);
  else outcomes.delete(vm);
  for (const listener of listeners) listener();
}

/** Forgets all of them: they were those of a session. */
export function clearOutcomes(): void {
  outcomes.clear();
}

/** Calls `listener` after changes; the function returned ends that. */
export function watchOutcomes(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
