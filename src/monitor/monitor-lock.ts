import { closeSync, constants, openSync } from 'node:fs';
import type { VmLayout } from '../jail/layout.ts';
import { UmlmonError } from '../system/errors.ts';
import { lock } from '../system/native.ts';

/**
 * The lock that makes a monitor the only one of its VM. The descriptor holds it, so a SIGKILL frees it. Returns the
 * descriptor, which the caller closes. Errors: MONITOR_RUNNING.
 */
export function takeMonitorLock({ monitorLock, vm }: VmLayout): number {
  const { O_CREAT, O_NOFOLLOW, O_RDWR } = constants;
  const fd = openSync(monitorLock, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
  if (lock(fd, 'exclusive')) return fd;
  closeSync(fd);
  throw new UmlmonError('MONITOR_RUNNING', {
    place: vm,
    cause: 'another monitor serves this VM already',
    hint: `umlwatch ${vm} -info`,
  });
}
