import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { isSystemError, UmlmonError } from '../../system/errors/errors.ts';
import { plainHost } from '../../system/plain-host.ts';
import { placeText } from '../address.ts';
import { channelBinding, tlsVersion } from '../auth/channel-binding.ts';
import { tcpOptions } from './tcp-options.ts';

/** A TLS connection with the value for channel binding, which prevents relaying. */
export interface Secured {
  readonly socket: Socket;
  readonly binding: Buffer;
  /** SHA-256 of the certificate. */
  readonly fingerprint: string;
  /** Why the certificate or its name is not trusted; '' if it is. */
  readonly doubt: string;
}

export interface RemoteEndpoint {
  readonly host: string;
  readonly port: number;
}

/** Errors: REMOTE_NAME, REMOTE_CONNECT. */
export async function connectTcp({ host, port }: RemoteEndpoint, timeoutMs: number): Promise<Socket> {
  const socket = connect({ host, port, ...tcpOptions });
  try {
    await until(socket, 'connect', timeoutMs);
    return socket;
  } catch (error) {
    const code = isSystemError(error) ? error.code : '';
    const cause = error instanceof Error ? error.message : String(error);
    if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
      throw new UmlmonError('REMOTE_NAME', {
        place: host,
        cause: `the host name cannot be resolved: ${cause}`,
        hint: `getent hosts ${host}`,
      });
    throw new UmlmonError('REMOTE_CONNECT', {
      place: placeText(host, port),
      cause: `cannot connect: ${cause}`,
      hint:
        code === 'ECONNREFUSED'
          ? 'on that host, umlwatch VM -info shows address and port; see tcp and tcp_address in umlmon(5)'
          : 'check that the host is up and that no firewall blocks the port',
    });
  }
}

/**
 * Starts TLS on an existing connection. The caller decides whether to trust the certificate.
 *
 * @param ca certificates of the authorities, PEM; those of the system if undefined
 * @throws UmlmonError REMOTE_TLS
 */
export async function secure(
  socket: Socket,
  { host, port }: RemoteEndpoint,
  ca: string | undefined,
  timeoutMs: number,
): Promise<Secured> {
  try {
    const tls = connectTls({
      socket,
      // Certificates have normalised addresses and names.
      host: plainHost(host),
      minVersion: tlsVersion,
      rejectUnauthorized: false,
      ...(ca === undefined ? {} : { ca }),
    });
    await until(tls, 'secureConnect', timeoutMs);
    return {
      socket: tls,
      binding: channelBinding(tls),
      fingerprint: tls.getPeerCertificate().fingerprint256,
      doubt: tls.authorized ? '' : String(tls.authorizationError),
    };
  } catch (error) {
    socket.destroy();
    throw new UmlmonError('REMOTE_TLS', {
      place: placeText(host, port),
      cause: `no TLS connection: ${error instanceof Error ? error.message : String(error)}`,
      hint: 'if the host has tcp = plain and the network is trusted, use -plain',
    });
  }
}

/** Waits for an event of a connecting socket; destroys it at the timeout. */
async function until(socket: Socket, event: 'connect' | 'secureConnect', timeoutMs: number): Promise<void> {
  const timer = setTimeout(() => socket.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once(event, resolve);
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('the other end closed the connection')));
    });
  } finally {
    clearTimeout(timer);
  }
}
