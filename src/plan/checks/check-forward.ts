/** Ports of the host that a VM forwards, and the device that makes taps: whether the host can give them. Pure. */
import type { VmConfig } from '../../config/config.ts';
import type { Refusal } from '../../config/problem.ts';
import type { PortConflict } from '../../network/host/find-listeners.ts';
import { takenText } from '../../network/host/listener.ts';

/** Rules of nat take a port from the program that listens there; pasta cannot have it. */
export function checkForwards(spec: VmConfig['eth'][number], conflicts: readonly PortConflict[]): Refusal[] {
  if ((spec.kind !== 'nat' && spec.kind !== 'user') || !spec.forward) return [];
  const { forward } = spec;
  const family = spec.kind === 'nat' ? spec.subnet.family : 'both';
  return conflicts
    .filter(({ port }) =>
      forward.some(
        ({ protocol, hostPort }) =>
          port.protocol === protocol && port.hostPort === hostPort && port.family === family,
      ),
    )
    .map(({ port, listener, owner }) => ({
      code: 'NETWORK_IN_USE',
      cause: `forward: ${takenText(port, listener, owner)}`,
      hint: `forward another port of the host, or stop that program; ss -anp sport = :${port.hostPort} shows it`,
    }));
}

/** @param fault the error code of an attempt to open the device; '' if it succeeded, or the device does not exist */
export function checkTun(fault: string): Refusal[] {
  if (fault === '') return [];
  const cause = `/dev/net/tun cannot be opened: ${fault}`;
  return [{ code: 'NETWORK_HOST', cause, hint: tunHint(fault) }];
}

export function tunHint(fault: string): string {
  if (fault === 'EACCES') return 'set the usual permissions: chmod 666 /dev/net/tun';
  if (fault === 'EPERM')
    return 'allow the device in the cgroup: DeviceAllow=/dev/net/tun rwm in a unit, --device /dev/net/tun of docker run';
  return 'modprobe tun; after an update of the host kernel, boot the new kernel first';
}
