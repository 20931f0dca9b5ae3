import { failureText, toFailure } from '../system/errors.ts';

/** An error as it is shown: a line for people, or a document. */
export function errorText(error: unknown, json: boolean): string {
  const failure = toFailure(error, 'umlwatch');
  return json ? JSON.stringify({ error: failure }) : failureText(failure);
}
