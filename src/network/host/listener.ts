/** Pure. */
import { forwardText } from '../../config/networks/shared.ts';
import { isAnyAddress, isLoopback, readIp } from '../../system/ip-address.ts';

/** A socket of the host at which a program waits for connections (tcp) or datagrams (udp). */
export interface Listener {
  readonly protocol: 'tcp' | 'udp';
  /** In the form of inet_ntop(3). */
  readonly address: string;
  readonly port: number;
  /** User of the socket. */
  readonly uid: number;
  /** Number of the socket in `/proc/PID/fd`: `socket:[INODE]`. */
  readonly inode: string;
}

/** States of linux/net/tcp_states.h: LISTEN, and CLOSE, which udp sockets without a peer have. */
const waiting = { tcp: '0A', udp: '07' } as const;

/**
 * The listeners that one file of `/proc/net` names (proc_net_tcp of the kernel's documentation): tcp, tcp6, udp or udp6.
 * Lines that have another form are left out. Pure.
 */
export function parseListeners(protocol: 'tcp' | 'udp', text: string): Listener[] {
  return text.split('\n').flatMap((line) => {
    const [, local = '', , state, , , , uid, , inode = ''] = line.trim().split(/\s+/);
    const [address = '', port = ''] = local.split(':');
    if (state !== waiting[protocol] || !/^(?:[0-9A-F]{8}|[0-9A-F]{32})$/.test(address)) return [];
    return [
      {
        protocol,
        address: addressOf(address),
        port: Number.parseInt(port, 16),
        uid: Number(uid),
        inode,
      },
    ];
  });
}

/** Groups of 32 bits are in the byte order of the host; monitors run on little-endian hosts only. */
function addressOf(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) =>
    (word.match(/../g) ?? []).reverse().map((byte) => Number.parseInt(byte, 16)),
  );
  if (bytes.length === 4) return bytes.join('.');
  const words = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  );
  const text = words.join(':');
  return readIp(text)?.text ?? text;
}

export interface Taken {
  readonly protocol: 'tcp' | 'udp';
  readonly hostPort: number;
  /** Of the rule that forwards; both where a program listens for the guest itself (pasta). */
  readonly family: 4 | 6 | 'both';
}

/** Whether a forwarded port takes the traffic of a listener, or is not available because of it. */
export function takesFrom({ protocol, hostPort, family }: Taken, one: Listener): boolean {
  if (one.protocol !== protocol || one.port !== hostPort) return false;
  if (family === 'both') return true;
  // Rules leave loopback traffic to the host. A socket at :: usually receives IPv4 too; /proc does not show whether it does.
  if (isLoopback(one.address)) return false;
  const isIpv6 = one.address.includes(':');
  return isIpv6 === (family === 6) || (isIpv6 && isAnyAddress(one.address));
}

/** `tcp port 80 of the host is in use: nginx (pid 12) of uid 0 listens at 0.0.0.0` */
export function takenText(taken: Taken, { address, uid }: Listener, owner: string): string {
  return `${forwardText(taken)} is in use: ${owner || 'a program'} of uid ${uid} listens at ${address}`;
}
