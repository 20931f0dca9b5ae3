/** Pure. */
import { isSystemError, UmlmonError } from '../../system/errors/errors.ts';
import { authProblem, type ReplyStatus } from '../codec/message.ts';

/**
 * The error for a server that is unreachable, or whose connection is lost.
 *
 * @param place path of the socket, or host:port
 * @param name name of the peer for the user
 * @param error error of the socket; null if the peer closed the connection
 */
export function connectFailure(place: string, name: string, error: unknown): UmlmonError {
  const isDenied = isSystemError(error) && (error.code === 'EACCES' || error.code === 'EPERM');
  return new UmlmonError(isDenied ? 'MONITOR_DENIED' : 'MONITOR_UNREACHABLE', {
    place,
    ...reasonOf(name, error),
  });
}

function reasonOf(name: string, error: unknown): { cause: string; hint?: string } {
  const words = error instanceof Error ? error.message : String(error);
  switch (isSystemError(error) ? error.code : error) {
    case null:
    case 'EPIPE':
    case 'ECONNRESET':
      return {
        cause: `the monitor of ${name} closed the connection`,
        hint: 'it has exited or has too many clients; see its log',
      };
    case 'ENOENT':
      return { cause: `no monitor is running for ${name}`, hint: `start it: umlmon ${name}` };
    case 'ECONNREFUSED':
      return {
        cause: `no monitor is running for ${name}; its socket is a leftover of a killed monitor`,
        hint: `start it again: umlmon ${name}`,
      };
    case 'EACCES':
    case 'EPERM':
      return {
        cause: `no permission to use the control socket of ${name}`,
        hint: 'only the owner and the group of the socket have access: join the group, or become the owner',
      };
    default:
      return { cause: `cannot talk to the monitor of ${name}: ${words}` };
  }
}

export function closedByUs(place: string): UmlmonError {
  return new UmlmonError('MONITOR_UNREACHABLE', { place, cause: 'this program has closed the connection' });
}

export function timeoutFailure(place: string, procedure: string, timeoutMs: number): UmlmonError {
  return new UmlmonError('RPC_TIMEOUT', {
    place,
    cause: `the monitor did not answer ${procedure} within ${timeoutMs} ms`,
    hint: 'it may be busy or stopped, and may still execute the call',
  });
}

/** The peer violates the protocol. */
export function protocolFailure(place: string, error: unknown): UmlmonError {
  const cause = error instanceof Error ? error.message : String(error);
  return new UmlmonError('RPC_PROTOCOL', {
    place,
    cause: `the answer cannot be read: ${cause}`,
    hint: sameVersion,
  });
}

const sameVersion = 'use programs of the same version of umlmon on both sides';

/** A reply other than success. */
export function statusFailure(place: string, reply: ReplyStatus): UmlmonError {
  if (reply.status === 'system-err')
    return new UmlmonError('INTERNAL', {
      place,
      cause: 'a bug in the monitor',
      hint: "the monitor's log has the details",
    });
  return new UmlmonError('RPC_PROTOCOL', { place, cause: refusalOf(reply), hint: sameVersion });
}

function refusalOf(reply: ReplyStatus): string {
  switch (reply.status) {
    case 'prog-mismatch':
      return `the server supports only versions ${reply.low} to ${reply.high} of the program`;
    case 'rpc-mismatch':
      return `the server supports only RPC versions ${reply.low} to ${reply.high}`;
    case 'auth-error': {
      if (reply.problem === authProblem.tooWeak) return 'the server requires a login first';
      const problem = Object.entries(authProblem).find(([, number]) => number === reply.problem)?.[0];
      return `the server refused the credential (${problem ?? reply.problem})`;
    }
    case 'prog-unavail':
      return 'the server does not have this program';
    case 'proc-unavail':
      return 'the server does not have this procedure';
    default:
      return `the server could not read the call (${reply.status})`;
  }
}
