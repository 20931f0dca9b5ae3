import { makeDirectories, ownIds } from '../../jail/directories.ts';
import { jailDirectories, type VmLayout } from '../../jail/layout.ts';

/** Makes RUNDIR, if it was removed. Returns whether it was. Errors: JAIL_DIRECTORY. */
export function makeRunDir(layout: VmLayout): boolean {
  const own = ownIds();
  const wanted = jailDirectories(layout, own.uid === 0).filter(({ path }) => path === layout.runDir);
  // None of them is of the VM's user.
  return makeDirectories(wanted, own, own).length > 0;
}
