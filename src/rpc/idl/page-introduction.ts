/** Pure. */
import { remoteLimits, rpcLimits, rpcShares } from '../../system/limits/limits.ts';
import { writeCall, writeReply } from '../codec/message.ts';
import { beginRecord, sealRecord } from '../codec/record.ts';
import type { ProgramDefinition } from './ast.ts';
import { table } from './markdown.ts';

const kib = (bytes: number) => `${bytes / 1024} KiB`;

/**
 * The part of docs/protocol.md that the `.x` file does not say: transport, headers, limits. Numbers come from
 * limits.ts and the example from the codec itself, so that neither can be out of date.
 */
export function introduction(program: ProgramDefinition, origin: string, argsMax: number): string[] {
  const number = `0x${program.number.toString(16)}`;
  const [reachability] = program.procedures;
  return [
    '# The control protocol',
    `Each monitor serves a socket, \`VARDIR/VM/ctrl\`, and if its configuration says so a TCP port. On them, clients make remote procedure calls as ONC RPC version 2
defines them (RFC 5531), with data in XDR (RFC 4506). umlwatch and umlweb are such clients and have no other way in.
This page and \`${origin}\` are enough to write one in another language: from that file, \`rpcgen\` makes a C client
for libtirpc (\`clntunix_create\`), and any other XDR library does as well.`,
    table(
      ['', ''],
      [
        ['program', `${program.name} = ${number} (${program.number})`],
        ['version', `${program.version.name} = ${program.version.number}`],
        [
          'transport',
          'a Unix stream socket (AF_UNIX, SOCK_STREAM); if `tcp` is on, also TCP, with TLS 1.3 unless it is `plain`',
        ],
        [
          'who may connect',
          'who may write to the socket file: its owner and its group; over TCP whoever proves a password',
        ],
      ],
    ),
    '## Records',
    `A message travels as one record (RFC 5531 section 11): one or more fragments, each after a word of 32 bits, big
endian, with the fragment's length in its lower 31 bits. The highest bit is set on the last fragment of a record. The
server answers in one fragment; it takes a call in up to ${rpcLimits.fragments}.`,
    '## Calls and replies',
    `All words are 32 bits, big endian. A call is: xid, 0 (call), 2 (RPC version), program, version, procedure,
credential, verifier, arguments. Credential and verifier are each a flavour, a length and a body of at most
${rpcLimits.authBytes} bytes, padded to a multiple of four. The xid is the client's choice; the reply repeats it.`,
    table(
      ['reply', 'words after the xid and 1 (reply)', 'when'],
      [
        [
          'success',
          '0, 0, 0, 0, then the result',
          'the procedure has answered; the answer may carry a [failure](#failure)',
        ],
        ['PROG_UNAVAIL', '0, 0, 0, 1', `the program is not ${number}`],
        ['PROG_MISMATCH', '0, 0, 0, 2, lowest, highest version', 'another version of the program is wanted'],
        ['PROC_UNAVAIL', '0, 0, 0, 3', 'there is no procedure of this number'],
        ['GARBAGE_ARGS', '0, 0, 0, 4', 'the arguments are not the XDR that this page describes'],
        ['SYSTEM_ERR', '0, 0, 0, 5', 'a fault in the monitor; its log has the details'],
        ['RPC_MISMATCH', '1, 0, 2, 2', 'the RPC version is not 2'],
        [
          'AUTH_ERROR',
          '1, 1, reason',
          '1: malformed credential; 2: flavour not accepted; 3: verifier not AUTH_NONE; 5: over TCP, a call before the login; the connection then ends',
        ],
      ],
    ),
    `A mistake of the VM or of its user never comes as one of these errors: it comes as a success whose answer carries a
[failure](#failure).`,
    `Many calls may be under way on one connection. Replies come when they are ready, in any order: match them by xid.
A call that waits (for console data, for events, for the end of a start) does not hold up the others. Seats at
consoles belong to their connection and end with it. Shutting down the sending direction ends the connection.

The server sets no time limit to a call. A client should, but a longer one than what it asks for can take: libtirpc
gives up after 25 s unless told otherwise (\`clnt_control\` with \`CLSET_TIMEOUT\`).`,
    '## Authentication',
    `The credential may be AUTH_NONE (flavour 0, empty) or AUTH_SYS (flavour 1, well-formed); the verifier must be
AUTH_NONE. What an AUTH_SYS credential claims is not believed: the server asks its kernel who connected
(SO_PEERCRED), and events and exit records name that user. Of local users who are neither root nor the user of the monitor, those\nhave a role who are in its **group**, whatever the mode of the socket is.

Over TCP a client must log in first, with two calls: UMLMON_AUTH_BEGIN has the client's first message of SCRAM-SHA-256 (RFC
5802, RFC 7677), UMLMON_AUTH_FINISH its final message; the answers have those of the server, the second one also the role of
the password. The user name in the first message is not looked at. Over TLS the client must bind to the connection with
\`p=tls-exporter\` (RFC 9266), and without TLS send \`n\`. A client should check the signature in the last message: it is the
proof that the server knows the password. Until then a call may have ${remoteLimits.strangerCallBytes} bytes, one may be under way, and the
connection ends after ${remoteLimits.strangerTime / 1000} s; it also ends with the first failure. docs/roles.md lists which role each procedure needs; a call beyond
it is answered with the failure ROLE_TOO_LOW.`,
    '## On behalf of others',
    `A proxy, which calls for somebody else, says so first: UMLMON_ACT_FOR, with name, role and address. On the Unix socket root, the user
of the monitor and **web\\_user** of umlmon(5) may do so, over TCP whoever has logged in. The answer has the role of the connection from
then on: the one that was asked for, or that of the proxy if it is lower. It can not be changed any more, and what is for root and the user
of the monitor only is refused. Others, a second call, and what is no name, role or address get the failure ACT_FOR_REFUSED.

Whatever several clients fill counts for the person and the network of the address, each behind a proxy on the Unix socket: of
${rpcLimits.behalfConnections} connections ${rpcShares.behalfConnections.perPeer} each, and a further one gets RPC_CONNECTIONS. Over TCP it counts for the address of the proxy.`,
    '## Data',
    `XDR is read strictly: a bool is 0 or 1, an enum has one of its values, padding is zero, a string is UTF-8 without a
terminating zero, no length is above its bound, and nothing follows the arguments. \`hyper\` and \`unsigned hyper\` stay
within ±(2^53 − 1), so that every language's numbers can hold them.`,
    '## Limits',
    table(
      ['limit', 'value', 'beyond it'],
      [
        [
          'record with a call',
          `${rpcLimits.callHeaderBytes + argsMax} bytes (header ${rpcLimits.callHeaderBytes}, arguments ${argsMax})`,
          'the connection ends as soon as a fragment announces more',
        ],
        ['fragments of a record', String(rpcLimits.fragments), 'the connection ends'],
        ['record with a reply', kib(rpcLimits.replyBytes), 'not sent; the call gets SYSTEM_ERR'],
        [
          'connections',
          `${rpcLimits.connections}; of one user of the host, or one address, ${rpcShares.connections.perPeer}`,
          'a further one gets RPC_CONNECTIONS at its first call, or is closed; if all are taken, whoever has most loses its oldest for whoever has less',
        ],
        [
          'calls in progress on a connection',
          String(rpcLimits.callsOutstanding),
          'further calls are not read until one is answered; use a second connection for many waiting reads',
        ],
        [
          'unsent replies of a connection',
          kib(rpcLimits.unsentPauseBytes),
          'no further call is read until the client has read its replies',
        ],
        ['unsent replies of a connection', kib(rpcLimits.unsentDropBytes), 'the connection ends'],
        [
          'unsent replies of all connections',
          kib(rpcLimits.unsentTotalBytes),
          'a connection beyond its pause that adds to them ends',
        ],
        ['bytes that are no RPC call', '', 'the connection ends'],
      ],
    ),
    ...(reachability ? ['## Example', exampleText(program, reachability.name, reachability.number)] : []),
  ];
}

function exampleText(program: ProgramDefinition, name: string, procedure: number): string {
  const xid = 7;
  const call = beginRecord();
  writeCall(call, { xid, program: program.number, version: program.version.number, procedure });
  const reply = beginRecord();
  writeReply(reply, xid, { status: 'success' });
  return `A call of ${name} with xid ${xid} and its reply, as words with the record mark first:

\`\`\`
call   ${words(sealRecord(call))}
reply  ${words(sealRecord(reply))}
\`\`\``;
}

function words(bytes: Buffer): string {
  return (bytes.toString('hex').match(/.{8}/g) ?? []).join(' ');
}
