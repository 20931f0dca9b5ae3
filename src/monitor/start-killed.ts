import { UmlmonError } from '../system/errors/errors.ts';

/** The error of a start that a kill ended. */
export function startKilled(cause: string): UmlmonError {
  return new UmlmonError('START_KILLED', { place: 'start', cause });
}

/** @param signal aborted by a kill; its reason is who asked. Errors: START_KILLED. */
export function assertNotKilled(signal: AbortSignal): void {
  if (signal.aborted) throw startKilled(`killed by ${String(signal.reason)}`);
}
