/** Pure. */
import { directoryLimits, directoryShares } from '../../system/limits/limits.ts';
import type { ProgramDefinition } from './ast.ts';
import { table } from './markdown.ts';

/** The part of docs/directory-protocol.md that umldir.x does not say. */
export function directoryIntroduction(program: ProgramDefinition, origin: string): string[] {
  const number = `0x${program.number.toString(16)}`;
  const seconds = (ms: number) => `${ms / 1000} s`;
  return [
    '# The protocol of the directory',
    `umldir(8) tells which monitors run on a host, and how they are reached. Calls, replies, data and errors are those of
the [control protocol](protocol.md), over TCP: from \`${origin}\`, \`rpcgen\` makes a C client for libtirpc
(\`clnttcp_create\` with the port given; there is no port mapper).`,
    table(
      ['', ''],
      [
        ['program', `${program.name} = ${number} (${program.number})`],
        ['version', `${program.version.name} = ${program.version.number}`],
        ['transport', 'TCP, the service `umldir` of /etc/services; the Unix socket `RUNDIR/.umldir/socket`'],
        [
          'who may connect',
          'everybody who reaches the port: there is no password, and nothing can be changed',
        ],
        [
          'who may register',
          'on the Unix socket: root, and the user of umldir itself, as the kernel vouches for them (SO_PEERCRED)',
        ],
      ],
    ),
    '## The redirector',
    `The redirector listens on a port of its own, the service \`umlredir\`, and does not speak RPC. Both sides send one
record (RFC 5531 section 11: a word with the length and the highest bit set, then the bytes):`,
    table(
      ['who', 'sends'],
      [
        ['client', 'an [announcement](#announcement)'],
        [
          'redirector',
          'an [announcement_answer](#announcement_answer); after a failure it closes the connection',
        ],
        [
          'both',
          'any bytes: they are forwarded both ways, as is the end of either direction, and nobody looks inside',
        ],
      ],
    ),
    `The client may send on without waiting for the answer. The redirector connects to the TCP port of the monitor and to
nothing else, so whoever comes through it proves himself to the monitor as over any other TCP connection. If the VM runs
on another host, the redirector announces it to the redirector of that host, with \`last\`, and hands on the answer.

To tell clients apart, a monitor sees each of them under an address of its own within 127.0.0.0/8, made from the
address of the client; the log of umldir has both.`,
    '## Limits',
    table(
      ['limit', 'value', 'beyond it'],
      [
        [
          'connections to the directory',
          `${directoryLimits.connections}, ${directoryShares.connections.perPeer} from one address`,
          'of the address that has most, the oldest that has never been answered ends, or else its oldest; if nobody has more than the new one, that ends',
        ],
        [
          'connections to the redirector',
          `${directoryLimits.redirected}, ${directoryShares.redirected.perPeer} from one address`,
          'the same',
        ],
        ['time without a byte (directory)', seconds(directoryLimits.idleTime), 'the connection ends'],
        ['time to announce a VM', seconds(directoryLimits.announceTime), 'the connection ends'],
        ['record with an announcement', `${directoryLimits.announceBytes} bytes`, 'the connection ends'],
      ],
    ),
  ];
}
