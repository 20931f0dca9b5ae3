import { failureText, toFailure } from '../../system/errors/errors.ts';
import { harmless } from '../../system/text.ts';

/** An error as it is shown, whoever has told of it: a line for people, or a document. The program's name is not in it. */
export function errorText(error: unknown, json: boolean): string {
  const failure = toFailure(error, '');
  return harmless(json ? JSON.stringify({ error: failure }) : failureText(failure));
}
