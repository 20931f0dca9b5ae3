import { closeSync, constants, openSync } from 'node:fs';
import type { VmUser } from '../../jail/user.ts';
import type { Descriptor } from '../../plan/plan.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import { mayAccess } from '../../system/files/permissions.ts';
import { walkPath } from '../../system/files/walk-path.ts';

const { O_NOCTTY, O_NONBLOCK, O_RDONLY } = constants;

/**
 * Opens the files of a plan that bubblewrap copies into the jail, each at offset 0. Others may have put a link, FIFO or
 * device there since the plan was made. So only a regular file that the user of the VM can read is opened. `numbered`:
 * number in the chain → descriptor; the caller closes them when the jail is complete. Errors: KERNEL_ACCESS; of node:fs.
 */
export function openCopied(
  descriptors: readonly Descriptor[],
  user: VmUser,
): {
  readonly numbered: ReadonlyMap<number, number>;
  readonly close: () => void;
} {
  const numbered = new Map<number, number>();
  const close = () => {
    for (const fd of numbered.values()) closeSync(fd);
  };
  try {
    for (const one of descriptors) if (one.is === 'copy') numbered.set(one.fd, openAs(user, one.path));
  } catch (error) {
    close();
    throw error;
  }
  return { numbered, close };
}

/** A link may be followed, as every step behind it is one that the user can go. */
function openAs(user: VmUser, place: string): number {
  // The kernel itself judges our own user, who may be in more groups.
  const isOwn = user.uid === process.geteuid?.();
  const found = walkPath(place, {
    pass: (at, stat, isPassed) => {
      if (!isPassed && !stat.isFile()) return `${at} is not a regular file`;
      if (isOwn || mayAccess(stat, user, isPassed ? 1 : 4)) return undefined;
      return `user ${user.name} cannot ${isPassed ? 'enter the directory' : 'read'} ${at}`;
    },
    follow: () => undefined,
  });
  if (typeof found === 'string') throw new UmlmonError('KERNEL_ACCESS', { place, cause: found });
  try {
    return openSync(`/proc/self/fd/${found.fd}`, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  } finally {
    closeSync(found.fd);
  }
}
