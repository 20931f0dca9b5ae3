/** Pure. */
import { clipText } from '../rpc/clip-text.ts';
import { UMLMON_TEXT_MAX } from '../rpc/umlmonctrl.gen.ts';
import { type Failure, toFailure, toFailureWithWords } from '../system/errors/errors.ts';

/** The answer that `work` makes; what it throws becomes a `failed` one. */
export async function answer<A>(work: () => A | Promise<A>): Promise<A | { kind: 'failed'; why: Failure }> {
  try {
    return await work();
  } catch (error) {
    return { kind: 'failed', why: clippedFailure(toFailure(error)) };
  }
}

/** The same for roles that may read consoles: with console output in the failure. */
export async function answerWithWords<A>(
  work: () => A | Promise<A>,
): Promise<A | { kind: 'failed'; why: Failure }> {
  try {
    return await work();
  } catch (error) {
    return { kind: 'failed', why: clippedFailure(toFailureWithWords(error)) };
  }
}

/** A failure cut to the size of an answer: a configuration may have many problems, a guest much output. */
export function clippedFailure({ code, place, cause, hint }: Failure): Failure {
  const clip = (text: string) => clipText(text, UMLMON_TEXT_MAX);
  return { code, place: clip(place), cause: clip(cause), hint: clip(hint) };
}
