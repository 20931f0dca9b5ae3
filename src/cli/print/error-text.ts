import { failureText, toFailure } from '../../system/errors/errors.ts';
import { harmless } from '../../system/text.ts';

/** An error as a line of text or as a JSON document, without the name of the program. */
export function errorText(error: unknown, json: boolean): string {
  const failure = toFailure(error, '');
  return harmless(json ? JSON.stringify({ error: failure }) : failureText(failure));
}
