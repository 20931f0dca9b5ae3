/** All kinds of security events; docs/events.md is generated from this table. */
export const securityKinds = {
  login: 'A client logged in with a password, over TCP or at umlweb. What: its role.',
  'login-refused': 'A login failed: wrong password, no password set, or too many attempts. What: the reason.',
  'act-for': 'A proxy acts on behalf of this client from now on. What: the role.',
  'act-for-refused':
    'A peer may not act on behalf of clients, or its request is malformed. What: the reason.',
  refused: 'A call, or a request at umlweb, requires a higher role. What: the call.',
  stranger: 'A peer without a role made a call. What: the call.',
  operation: 'A start, stop, kill, pause, backup or similar operation was requested. What: the call.',
  configuration:
    'The configuration was reloaded on request, or changed (umladmin). What: the call, or the key.',
  device: 'A disk or interface was plugged or unplugged on request. What: the call.',
  disk: 'A disk command was requested. What: the call.',
  mconsole: 'A command was sent to the management console of the kernel. What: the call.',
  console: 'A viewer attached to a console, or took control of it. What: the call.',
  password: 'A password was set or removed (umladmin). What: which one.',
  connection: 'A connection was refused: too many connections, or an unknown peer. What: the reason.',
  image: 'An image was refused because of its type or owner. What: the reason.',
  datagram: 'A datagram of an unauthorised sender was dropped. What: the socket.',
  registration: 'A registration with umldir was refused. What: the reason.',
  redirected:
    'The redirector of umldir connected a client to a monitor, or refused it. What: the VM, and the address that the monitor sees.',
  unlogged:
    'Lines of a kind were omitted from the security log, because there were too many. What: their kind.',
} as const;

export type SecurityKind = keyof typeof securityKinds;
