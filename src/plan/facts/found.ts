import { type Failure, toFailure } from '../../system/errors/errors.ts';

/** Something that was looked for: the result, or why it is missing. */
export type Found<T> = { readonly found: T } | { readonly missing: Failure };

/** The result of `view`, or its error. */
export function find<T>(look: () => T): Found<T> {
  try {
    return { found: look() };
  } catch (error) {
    return { missing: toFailure(error) };
  }
}

/** The same for one that takes time. */
export async function findLater<T>(look: () => Promise<T>): Promise<Found<T>> {
  try {
    return { found: await look() };
  } catch (error) {
    return { missing: toFailure(error) };
  }
}
