/** Errors of the control protocol, logins and the directory server (rpc/, directory/). */
export const remoteErrors = {
  RPC_PROTOCOL: { class: 'failed', means: 'A peer sent a message that violates the control protocol.' },
  RPC_SOCKET_PATH: { class: 'config', means: 'The path of the control socket is longer than Linux allows.' },
  RPC_CONNECTIONS: {
    class: 'unreachable',
    means:
      'The user or address has too many connections, or the monitor has reached its limit of connections.',
  },
  RPC_TIMEOUT: { class: 'unreachable', means: 'The monitor did not answer in time.' },

  REMOTE_LISTEN: { class: 'host', means: 'The monitor cannot listen on its TCP port.' },
  REMOTE_CERTIFICATE: { class: 'config', means: 'The key or certificate for TLS is missing or unusable.' },
  REMOTE_NAME: { class: 'unreachable', means: 'The host name cannot be resolved.' },
  REMOTE_CONNECT: { class: 'unreachable', means: 'Nothing answers at the address of the remote host.' },
  REMOTE_TLS: { class: 'unreachable', means: 'The TLS connection to the remote host failed.' },
  REMOTE_IDENTITY: {
    class: 'unreachable',
    means: 'The certificate of the remote host differs from the expected one.',
  },

  AUTH_FAILED: {
    class: 'unreachable',
    means: 'The login message is malformed or belongs to another connection.',
  },
  AUTH_NO_PASSWORD: { class: 'unreachable', means: 'The VM has no password for access over TCP.' },
  AUTH_THROTTLED: { class: 'unreachable', means: 'Too many wrong passwords; try again later.' },
  ACT_FOR_REFUSED: {
    class: 'failed',
    means: 'The connection may not make calls on behalf of this client.',
  },
  PASSWORD_BAD: { class: 'usage', means: 'The text is not a valid password.' },
  PASSWORD_FILE: { class: 'failed', means: 'The password file is unusable or not trusted.' },
  PASSWORD_WRONG: { class: 'unreachable', means: 'The password is wrong.' },
  PASSWORD_UNKNOWN: { class: 'failed', means: 'The password does not exist.' },
  ROLE_TOO_LOW: { class: 'failed', means: 'The role of the client does not allow the request.' },

  DIRECTORY_UNREACHABLE: { class: 'unreachable', means: 'The directory server (umldir) does not answer.' },
  DIRECTORY_NO_VM: {
    class: 'unreachable',
    means: 'The directory server does not know the VM: no monitor of it is registered.',
  },
  DIRECTORY_AMBIGUOUS: { class: 'usage', means: 'Several hosts have a VM of this name.' },
  DIRECTORY_NO_PORT: {
    class: 'unreachable',
    means: 'The monitor of the VM is not reachable from other hosts.',
  },
  DIRECTORY_LOST: { class: 'failed', means: 'The requested changes are too old and no longer available.' },
  DIRECTORY_BUSY: {
    class: 'failed',
    means: 'Too many clients are waiting, or too many VMs are registered.',
  },
  DIRECTORY_LOCAL: { class: 'failed', means: 'Only monitors of the same host may register.' },
  DIRECTORY_RUNNING: { class: 'state', means: 'Another umldir already serves this host.' },
  DIRECTORY_LISTEN: { class: 'host', means: 'umldir cannot listen on a port or on its socket.' },
  REDIRECTOR_UNREACHABLE: { class: 'unreachable', means: 'The redirector (umlredir) does not answer.' },
  REDIRECTOR_MONITOR: { class: 'unreachable', means: 'The redirector cannot reach the monitor of the VM.' },
  ETCD_FAILED: { class: 'failed', means: 'A request to etcd, which stores the shared directory, failed.' },
} as const;
