/**
 * A network without root. pasta(1) enters the namespaces of the jail and makes a tap there. It passes packets between
 * the tap and sockets of the host. The kernel has a raw socket at the tap. Pure.
 */
import { join } from 'node:path';
import type { NetworkSpec } from '../../config/networks/kinds.ts';
import type { TransportNeeds, TransportSpec } from '../../config/networks/transports.ts';
import { userNetwork } from '../../config/networks/user.ts';
import type { CommandWords } from '../host/run-ip.ts';
import { withoutLinkLocal } from './private-bridge-plan.ts';

export type UserSpec = Extract<NetworkSpec, { kind: 'user' }>;

export interface PastaPlan {
  /** Link to the network namespace: pasta exits when it is removed. */
  readonly link: string;
  /** Options of pasta. */
  readonly options: readonly string[];
  /** Commands of ip(8) in the namespace of the jail, after the start of pasta. */
  readonly inside: readonly CommandWords[];
}

export const userNeeds: TransportNeeds = {
  network: 'own',
  capabilities: ['CAP_NET_RAW'],
  socketFamilies: ['AF_PACKET'],
  devices: [],
};

/** The link of one interface in such a directory. */
export function userLink(directory: string, unit: number): string {
  return join(directory, `user${unit}`, 'net');
}

/**
 * @param directory of the VM, where its user can look and not write
 * @param ipv6 whether the host has it
 */
export function planPasta(
  { forward = [], reach_host: reachHost = false }: Omit<UserSpec, 'kind'>,
  unit: number,
  directory: string,
  ipv6: boolean,
): { readonly plan: PastaPlan; readonly spec: TransportSpec } {
  const tap = `leg${unit}`;
  const { guest, length, gateway, resolver } = userNetwork;
  const ports = (protocol: 'tcp' | 'udp') => {
    const list = forward.filter((one) => one.protocol === protocol);
    return list.map(({ hostPort, guestPort }) => `${hostPort}:${guestPort}`).join(',') || 'none';
  };
  return {
    plan: {
      link: userLink(directory, unit),
      options: [
        '--quiet',
        ...['--ns-ifname', tap, '--ipv4-only'],
        ...['--address', guest, '--netmask', String(length), '--gateway', gateway],
        ...['--dns-forward', resolver, '--dhcp-dns', '--mtu', '1500'],
        ...['--tcp-ports', ports('tcp'), '--udp-ports', ports('udp'), '--tcp-ns', 'none', '--udp-ns', 'none'],
        ...(reachHost ? [] : ['--no-map-gw']),
      ],
      // The tap has no address and sends nothing itself: its address is that of the guest.
      inside: [...withoutLinkLocal(tap, ipv6), ['link', 'set', 'dev', tap, 'up']],
    },
    spec: { kind: 'raw', ifname: tap },
  };
}
