import { closeSync, fsyncSync } from 'node:fs';
import type { ImagePlan } from '../plan/plan.ts';

/**
 * Lets go of an image: its lock ends with the descriptor. A guest's flush does not reach the host's disk (ubd never
 * calls fsync): here it does, before "stopped" is said. Errors: those of fsync(2), e.g. that the host could not write
 * what the guest has written; the lock is released all the same.
 */
export function releaseImage(fd: number, { readOnly }: ImagePlan): void {
  try {
    if (!readOnly) fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
