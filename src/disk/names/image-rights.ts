/** Pure. */
import { mayAccess, type Permissions } from '../../system/files/permissions.ts';

/** Who may do what with an image: its own permission bits, and those of the directories that lead to it. */
export interface ImageRights extends Permissions {
  /** Of the directories from /shared/disks to the image; in /disks of a VM, of those below that. */
  readonly way: readonly Permissions[];
}

/** A user and its group. */
export interface CallerIds {
  readonly uid: number;
  readonly gid: number;
}

/** Whether a user can reach an image and access it as `want` requires: 4 (read), 2 (write), or their sum. */
export function mayReach(image: ImageRights, user: CallerIds, want: number): boolean {
  return mayPass(image, user) && mayAccess(image, user, want);
}

/** Whether a user can come to an image. */
export function mayPass({ way }: ImageRights, user: CallerIds): boolean {
  return way.every((directory) => mayAccess(directory, user, 1));
}
