/** A network for VMs of users without root: `user`. */
import { commonOptions, flagOption, option } from './options.ts';
import { parseForwards } from './shared.ts';

/** What the guest sees: the usual addresses of networks of this sort. */
export const userNetwork = {
  guest: '10.0.2.15',
  length: 24,
  mask: '255.255.255.0',
  gateway: '10.0.2.2',
  resolver: '10.0.2.3',
} as const;

export const userKinds = {
  user: {
    help: 'A way out without root: pasta(1) passes on what the guest connects to, as connections of the user of the VM. The guest is 10.0.2.15 of 10.0.2.0/24, also by DHCP; the gateway is 10.0.2.2, and 10.0.2.3 answers as the resolver of the host does. Needs pasta, of the package passt, and /dev/net/tun open to the user of the VM.',
    example: 'user(forward=8080:80)',
    arguments: {
      forward: option(
        parseForwards,
        'PORTS',
        'Ports of the host that lead to the guest, separated by blanks: HOST:GUEST, or udp:HOST:GUEST. Not from 127.0.0.1: pasta leads that elsewhere.',
      ),
      reach_host: flagOption(
        'Whether the gateway leads to what listens at 127.0.0.1 of the host. The default is false.',
      ),
      mac: commonOptions.mac,
    },
  },
} as const;
