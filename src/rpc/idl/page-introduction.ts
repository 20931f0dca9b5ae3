/** Pure. */
import { remoteLimits, rpcLimits, rpcShares } from '../../system/limits/limits.ts';
import { writeCall, writeReply } from '../codec/message.ts';
import { beginRecord, sealRecord } from '../codec/record.ts';
import type { ProgramDefinition } from './ast.ts';
import { markdownTable } from './markdown.ts';

const kib = (bytes: number) => `${bytes / 1024} KiB`;

/**
 * The part of docs/protocol.md that is not in the `.x` file: transport, headers, limits. Numbers come from limits.ts
 * and the example from the codec itself, so both are always current.
 */
export function introduction(program: ProgramDefinition, origin: string, argsMax: number): string[] {
  const number = `0x${program.number.toString(16)}`;
  const [reachability] = program.procedures;
  return [
    '# The control protocol',
    `Each monitor serves a socket, \`VARDIR/VM/ctrl\`, and, if configured, a TCP port. Clients make remote procedure calls
of ONC RPC version 2 (RFC 5531), with data in XDR (RFC 4506). umlwatch and umlweb use nothing else.

This page and \`${origin}\` suffice to write a client in another language. \`rpcgen\` generates a C client for libtirpc from
that file (\`clntunix_create\`); any other XDR library works too.`,
    markdownTable(
      ['', ''],
      [
        ['program', `${program.name} = ${number} (${program.number})`],
        ['version', `${program.version.name} = ${program.version.number}`],
        [
          'transport',
          'a Unix stream socket (AF_UNIX, SOCK_STREAM), and TCP: with TLS 1.3 (`tcp = true`), or without TLS (`tcp = plain`)',
        ],
        [
          'access',
          'users with write access to the socket file: its owner and its group; over TCP clients with a password',
        ],
      ],
    ),
    '## Records',
    `A message is one record (RFC 5531 section 11) of one or more fragments. A header of 32 bits, big endian, precedes each
fragment. Its lower 31 bits are the length of the fragment. Its highest bit marks the last fragment of the record.
The server replies in one fragment; it accepts calls of up to ${rpcLimits.fragments} fragments.`,
    '## Calls and replies',
    `All integers have 32 bits, big endian. A call consists of: xid, 0 (call), 2 (RPC version), program, version,
procedure, credential, verifier, arguments. Credential and verifier each have a flavour, a length and a body of at most
${rpcLimits.authBytes} bytes, padded to a multiple of four. The client chooses the xid; the reply repeats it.`,
    markdownTable(
      ['reply', 'integers after the xid and 1 (reply)', 'when'],
      [
        [
          'success',
          '0, 0, 0, 0, then the result',
          'the procedure has answered; the answer may be a [failure](#failure)',
        ],
        ['PROG_UNAVAIL', '0, 0, 0, 1', `the program is not ${number}`],
        [
          'PROG_MISMATCH',
          '0, 0, 0, 2, lowest, highest version',
          'the call has another version of the program',
        ],
        ['PROC_UNAVAIL', '0, 0, 0, 3', 'the procedure does not exist'],
        ['GARBAGE_ARGS', '0, 0, 0, 4', 'the arguments are malformed'],
        ['SYSTEM_ERR', '0, 0, 0, 5', 'a bug in the monitor; its log has the details'],
        ['RPC_MISMATCH', '1, 0, 2, 2', 'the RPC version is not 2'],
        [
          'AUTH_ERROR',
          '1, 1, reason',
          '1: malformed credential; 2: flavour not accepted; 3: verifier not AUTH_NONE; 5: a call over TCP before the login. The connection then ends.',
        ],
      ],
    ),
    `Problems of the VM or of its user are never RPC errors: the call succeeds, and its answer is a [failure](#failure).`,
    `A connection can have many calls in progress. Replies arrive in any order: match them by xid. A call that waits (for
console data, for events, for the end of a start) does not block the others. The viewers of a connection end with it.
Shutting down the sending direction ends the connection.

The server sets no timeout for calls. A client should set one that is longer than its request can take: the default of
libtirpc is 25 s (\`clnt_control\` with \`CLSET_TIMEOUT\`).`,
    '## Authentication',
    `The credential may be AUTH_NONE (flavour 0, empty) or AUTH_SYS (flavour 1, well-formed); the verifier must be
AUTH_NONE. The content of an AUTH_SYS credential is ignored: the server gets the user from its kernel (SO_PEERCRED), and
events and exit records name that user. Root and the user of the monitor have a role. Other local users have one only as
members of its **group**, whatever the mode of the socket.

Over TCP, a client must log in first, with two calls. UMLMON_AUTH_BEGIN carries the first message of the client in
SCRAM-SHA-256 (RFC 5802, RFC 7677), UMLMON_AUTH_FINISH its final message. The answers carry the messages of the server;
the second one also has the role of the password. The server ignores the user name in the first message.

Over TLS, the client must use channel binding with \`p=tls-exporter\` (RFC 9266); without TLS, it must send \`n\`. A client
should verify the signature in the last message: it proves that the server knows the password. Before the login, a
connection may have one call in progress, of at most ${remoteLimits.strangerCallBytes} bytes. It ends after ${remoteLimits.strangerTime / 1000} s, or with the first failure.

docs/roles.md lists the role that each procedure requires. A call with a lower role gets the failure ROLE_TOO_LOW.`,
    '## On behalf of others',
    `A proxy calls UMLMON_ACT_FOR first, with the name, role and address of its client. On the Unix socket, root, the user of
the monitor and **web\\_user** of umlmon(5) may do so; over TCP, every authenticated client. The answer has the role of the
connection from then on: the lower one of the requested role and that of the proxy. It cannot be changed again. Calls
reserved for root and the user of the monitor are refused. Other users, a second call, and malformed names, roles or
addresses get the failure ACT_FOR_REFUSED.

On the Unix socket, each client of a proxy has its own share of every bounded table. Its name and the network of its
address identify it. Its share is ${rpcShares.behalfConnections.perPeer} of ${rpcLimits.behalfConnections} connections; a further one gets RPC_CONNECTIONS. Over TCP, the
address of the proxy counts.`,
    '## Data',
    `The server reads XDR strictly. A bool is 0 or 1, an enum has one of its values, and padding is zero. A string is UTF-8
without a terminating zero. No length exceeds its bound, and nothing follows the arguments. \`hyper\` and
\`unsigned hyper\` are within ±(2^53 − 1), so that numbers of every language can hold them.`,
    '## Limits',
    markdownTable(
      ['limit', 'value', 'above it'],
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
          'a further one gets RPC_CONNECTIONS at its first call, or is closed. If all are in use, the user with the most loses its oldest one.',
        ],
        [
          'calls in progress on a connection',
          String(rpcLimits.callsOutstanding),
          'further calls are not read until one is answered; use a second connection for many waiting calls',
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
          `a connection with more than ${kib(rpcLimits.unsentPauseBytes)} that adds to them ends`,
        ],
        ['malformed calls', '', 'the connection ends'],
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
  return `A call of ${name} with xid ${xid} and its reply, as integers of 32 bits after the record mark:

\`\`\`
call   ${words(sealRecord(call))}
reply  ${words(sealRecord(reply))}
\`\`\``;
}

function words(bytes: Buffer): string {
  return (bytes.toString('hex').match(/.{8}/g) ?? []).join(' ');
}
