import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import type { VmLayout } from '../../jail/layout.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import { lock } from '../../system/native/native.ts';

/**
 * The lock that makes a monitor the only one of its VM. It is in the directory of the VM's data: two monitors of
 * the same data exclude each other even if RUNDIR was replaced. The descriptor holds it, so a SIGKILL frees it.
 * Returns the descriptor, which the caller closes. Errors: MONITOR_RUNNING.
 */
export function takeMonitorLock({ monitorLock, vm }: VmLayout): number {
  const { O_CREAT, O_NOFOLLOW, O_RDWR } = constants;
  for (;;) {
    const fd = openSync(monitorLock, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
    const isLocked = lock(fd, 'exclusive');
    // Of a file that was removed since we opened it, the next monitor would not see the lock.
    if (isLocked && isNamed(fd, monitorLock)) return fd;
    closeSync(fd);
    if (!isLocked)
      throw new UmlmonError('MONITOR_RUNNING', {
        place: vm,
        cause: 'another monitor serves this VM already',
        hint: `umlwatch ${vm} -info`,
      });
  }
}

function isNamed(fd: number, path: string): boolean {
  const [open, named] = [fstatSync(fd), statSync(path, { throwIfNoEntry: false })];
  return named?.ino === open.ino && named.dev === open.dev;
}
