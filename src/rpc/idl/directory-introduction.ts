/** Pure. */
import { directoryLimits, directoryShares } from '../../system/limits/limits.ts';
import type { ProgramDefinition } from './ast.ts';
import { markdownTable } from './markdown.ts';

/** The part of docs/directory-protocol.md that is not in umldir.x. */
export function directoryIntroduction(program: ProgramDefinition, origin: string): string[] {
  const number = `0x${program.number.toString(16)}`;
  const seconds = (ms: number) => `${ms / 1000} s`;
  return [
    '# The protocol of the directory server',
    `umldir(8) lists the monitors of a host and their addresses. Calls, replies, data and errors are those of the
[control protocol](protocol.md), over TCP. \`rpcgen\` generates a C client for libtirpc from \`${origin}\`
(\`clnttcp_create\` with the port; there is no port mapper).`,
    markdownTable(
      ['', ''],
      [
        ['program', `${program.name} = ${number} (${program.number})`],
        ['version', `${program.version.name} = ${program.version.number}`],
        ['transport', 'TCP, the service `umldir` of /etc/services; the Unix socket `RUNDIR/.umldir/socket`'],
        ['access', 'all hosts that reach the port: there is no password, and access is read-only'],
        [
          'registration',
          'on the Unix socket: root and the user of umldir, identified by the kernel (SO_PEERCRED)',
        ],
      ],
    ),
    '## The redirector',
    `The redirector listens on its own port, the service \`umlredir\`, and does not use RPC. Both sides send one record
(RFC 5531 section 11: a header of 32 bits with the length and the highest bit set, then the bytes):`,
    markdownTable(
      ['sender', 'data'],
      [
        ['client', 'an [announcement](#announcement)'],
        [
          'redirector',
          'an [announcement_answer](#announcement_answer); after a failure it closes the connection',
        ],
        ['both', 'any bytes: the redirector forwards them unread, and also the end of each direction'],
      ],
    ),
    `The client may send data before the answer arrives. The redirector connects only to the TCP port of the monitor, so
clients log in to the monitor as over any other TCP connection. If the VM runs on another host, the redirector sends the
announcement to the redirector of that host, with \`last\`, and forwards the answer.

The monitor sees each client under its own address in 127.0.0.0/8, which is derived from the address of the client. The
log of umldir has both addresses.`,
    '## Limits',
    markdownTable(
      ['limit', 'value', 'above it'],
      [
        [
          'connections to the directory server',
          `${directoryLimits.connections}, ${directoryShares.connections.perPeer} from one address`,
          'the address with the most loses its oldest unanswered connection, or else its oldest. If no address has more than the new one, the new connection ends.',
        ],
        [
          'connections to the redirector',
          `${directoryLimits.redirected}, ${directoryShares.redirected.perPeer} from one address`,
          'the same',
        ],
        ['silence (directory server)', seconds(directoryLimits.idleTime), 'the connection ends'],
        ['time to announce a VM', seconds(directoryLimits.announceTime), 'the connection ends'],
        ['record with an announcement', `${directoryLimits.announceBytes} bytes`, 'the connection ends'],
      ],
    ),
  ];
}
