import { type Failure, toFailure } from '../../system/errors/errors.ts';

/** Something that was looked for: found, or why not. */
export type Found<T> = { readonly found: T } | { readonly missing: Failure };

/** What `look` finds, or its error as why not. */
export function find<T>(look: () => T): Found<T> {
  try {
    return { found: look() };
  } catch (error) {
    return { missing: toFailure(error) };
  }
}
