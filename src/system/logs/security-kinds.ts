/** Every kind of security event; docs/events.md is printed from this table. */
export const securityKinds = {
  login: 'Somebody has proved to know a password: over TCP, or at umlweb. What: its role.',
  'login-refused':
    'Somebody has not: the password is wrong, there is none, or there were too many tries. What: why.',
  'acts-for': 'A proxy calls for somebody from now on, who is named here. What: the role.',
  'acts-for-refused': 'A peer may not call for others, or has said nothing of use. What: why.',
  refused: 'A call, or a request at umlweb, beyond the role of its caller. What: the call.',
  stranger: 'A call of a peer that has no role. What: the call.',
  operation: 'A start, stop, kill, pause, backup or the like was asked for. What: the call.',
  configuration:
    'The configuration was read anew on request, or changed (umladmin). What: the call, or the key.',
  device: 'A disk or interface was plugged or unplugged on request. What: the call.',
  disk: 'A verb on disk images was asked for. What: the call.',
  mconsole: 'A command went to the management console of the kernel. What: the call.',
  console: 'Somebody took a seat at a console, or the right to type from another. What: the call.',
  password: 'A password was set or removed (umladmin). What: which one.',
  connection: 'A connection was refused: there are too many, or nobody knows who it is. What: why.',
  image: 'An image was refused because of what it is, or of whom it belongs to. What: why.',
  datagram:
    'A datagram came from somebody else than who may send it, and was dropped. What: at which socket.',
  registration: 'A registration at umldir was refused. What: why.',
  redirected:
    'The redirector of umldir has made a connection to a monitor, or refused to. What: to whose, and from which address the monitor sees it.',
  unlogged: 'Lines of a kind that are not in the security log, since there were too many. What: their kind.',
} as const;

export type SecurityKind = keyof typeof securityKinds;
