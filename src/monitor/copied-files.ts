import { closeSync, openSync } from 'node:fs';
import type { Descriptor } from '../plan/plan.ts';

/**
 * Opens the files of a plan that bubblewrap copies into the jail, each at its beginning. `numbered`: number in the chain →
 * our descriptor; the caller closes them when the jail stands. Errors: of node:fs.
 */
export function openCopied(descriptors: readonly Descriptor[]): {
  readonly numbered: ReadonlyMap<number, number>;
  readonly close: () => void;
} {
  const numbered = new Map<number, number>();
  const close = () => {
    for (const fd of numbered.values()) closeSync(fd);
  };
  try {
    for (const one of descriptors) if (one.is === 'copy') numbered.set(one.fd, openSync(one.path, 'r'));
  } catch (error) {
    close();
    throw error;
  }
  return { numbered, close };
}
