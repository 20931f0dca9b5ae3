/** The link to the network namespace of a jail: its removal ends the pasta that serves it. */
import { lstatSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';

/** pasta watches the directory of the link and reads only one change of it, so the directory has no other entry. */
export function disconnectUser(link: string): void {
  rmSync(link, { force: true });
  rmSync(dirname(link), { recursive: true, force: true });
}

/** Whether pasta serves the interface of this link. */
export function isConnected(link: string): boolean {
  return lstatSync(link, { throwIfNoEntry: false }) !== undefined;
}
