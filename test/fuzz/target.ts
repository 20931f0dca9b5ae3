import { UmlmonError } from '../../src/system/errors/errors.ts';
import type { Random } from './random.ts';

/** Whether an input was understood. Anything thrown is a fault. */
export type Verdict = 'taken' | 'refused';

/** Something that reads bytes of others. */
export interface Target {
  readonly name: string;
  /** How many of all inputs it gets, in relation to the other targets. */
  readonly share: number;
  make(random: Random): Buffer;
  /** `random` depends on the input only. */
  run(input: Buffer, random: Random): Verdict | Promise<Verdict>;
  close?(): Promise<void>;
}

/** Runs what may refuse its input with an error of the given classes, and with no other. */
export function refusable(errors: readonly (new (...args: never[]) => Error)[], work: () => void): Verdict {
  try {
    work();
    return 'taken';
  } catch (error) {
    if (!errors.some((known) => error instanceof known)) throw error;
    if (error instanceof UmlmonError) assertSafe(error.message, 'the error');
    return 'refused';
  }
}

/** Fails unless the condition is true; `what` says what was expected. */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`not so: ${what}`);
}

/** Fails if a text for people could act on a terminal. Lines may end. */
export function assertSafe(text: string, what: string): void {
  const found = /[^\P{Cc}\n]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.exec(text)?.[0];
  assert(found === undefined, `${what} is safe to show: ${JSON.stringify(text.slice(0, 300))}`);
}

/** The bytes in pieces of random lengths. */
export function cutUp(bytes: Buffer, random: Random): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + random.below(random.oneIn(2) ? 8 : bytes.length);
    pieces.push(bytes.subarray(at, end));
    at = end;
  }
  return pieces;
}
