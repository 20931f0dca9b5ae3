/** Pure. */
import type { NetworkSpec } from '../../config/networks/kinds.ts';
import { userNetwork } from '../../config/networks/user.ts';

/** Commands for a guest to use its interface. */
export function guestCommands(spec: NetworkSpec, guest: string): string[] {
  const up = `ip link set ${guest} up`;
  if (spec.kind === 'bridged') return [up, `ip addr add ADDRESS/LENGTH dev ${guest}, or udhcpc -i ${guest}`];
  if (spec.kind === 'nat')
    return [
      up,
      `ip addr add ${spec.guest_addr ?? 'ADDRESS'}/${spec.subnet.length} dev ${guest}`,
      `ip route add default via ${spec.subnet.gateway} dev ${guest}`,
    ];
  if (spec.kind === 'user')
    return [
      up,
      `ip addr add ${userNetwork.guest}/${userNetwork.length} dev ${guest}`,
      `ip route add default via ${userNetwork.gateway} dev ${guest}`,
      `echo nameserver ${userNetwork.resolver} >/etc/resolv.conf`,
    ];
  if (spec.kind !== 'host_to_host') return [up, `ip addr add ADDRESS/LENGTH dev ${guest}`];
  const { proxy_addr: there, guest_addr: here } = spec;
  return [
    up,
    ...(here.family === 6
      ? [`ip addr add ${here.text}/128 dev ${guest}`, `ip route add ${there.text} dev ${guest}`]
      : [`ip addr add ${here.text} peer ${there.text} dev ${guest}`]),
    `ip route add default via ${there.text} dev ${guest}`,
  ];
}

const toEverywhere = /^ip route add default via (\S+)/;

/** The same for several interfaces. The default route of IPv4, and that of IPv6, is that of the first interface with one. */
export function withOneDefault<T extends { readonly guestCommands: readonly string[] }>(
  interfaces: readonly T[],
): T[] {
  const known = new Set<boolean>();
  const isFurther = (command: string) => {
    const via = toEverywhere.exec(command)?.[1];
    if (via === undefined) return false;
    const isIpv6 = via.includes(':');
    const isKnown = known.has(isIpv6);
    known.add(isIpv6);
    return isKnown;
  };
  return interfaces.map((one) => ({
    ...one,
    guestCommands: one.guestCommands.filter((command) => !isFurther(command)),
  }));
}

/** The name of an interface in a guest whose kernel has vector devices. */
export function guestName(unit: number): string {
  return `vec${unit}`;
}
