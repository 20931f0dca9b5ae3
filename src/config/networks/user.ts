/** The network kind `user`, which does not require root. */
import { commonOptions, flagOption, option } from './options.ts';
import { parseForwards } from './shared.ts';

/** Addresses that the guest sees; other programs with user networks use the same. */
export const userNetwork = {
  guest: '10.0.2.15',
  length: 24,
  mask: '255.255.255.0',
  gateway: '10.0.2.2',
  resolver: '10.0.2.3',
} as const;

export const userKinds = {
  user: {
    help: 'Outgoing connections without root: pasta(1) makes them as the user of the VM. The guest is 10.0.2.15 in 10.0.2.0/24, also by DHCP. The gateway is 10.0.2.2, and 10.0.2.3 forwards to the resolver of the host. Requires pasta, from the package passt, and access to /dev/net/tun for the user of the VM.',
    example: 'user(forward=8080:80)',
    arguments: {
      forward: option(
        parseForwards,
        'PORTS',
        'Ports of the host that are forwarded to the guest, separated by blanks: HOST:GUEST or udp:HOST:GUEST. Connections from 127.0.0.1 are not forwarded, because pasta handles them differently.',
      ),
      reach_host: flagOption(
        'Whether the gateway address reaches programs on 127.0.0.1 of the host. The default is false.',
      ),
      mac: commonOptions.mac,
    },
  },
} as const;
