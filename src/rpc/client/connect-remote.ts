import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { isSystemError, UmlmonError } from '../../system/errors/errors.ts';
import { plainHost } from '../../system/plain-host.ts';
import { placeText } from '../address.ts';
import { channelBinding, tlsVersion } from '../auth/channel-binding.ts';
import { tcpOptions } from './tcp-options.ts';

/** A TCP connection of which both ends know that nobody is in between who could pass it on. */
export interface Secured {
  readonly socket: Socket;
  readonly binding: Buffer;
  /** SHA-256 of the certificate. */
  readonly fingerprint: string;
  /** Why no authority vouches for the certificate and the name in it; '' if one does. */
  readonly doubt: string;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Errors: REMOTE_NAME, REMOTE_CONNECT. */
export async function connectTcp({ host, port }: Endpoint, timeoutMs: number): Promise<Socket> {
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
        cause: `the name of the host is not known: ${cause}`,
        hint: `getent hosts ${host}`,
      });
    throw new UmlmonError('REMOTE_CONNECT', {
      place: placeText(host, port),
      cause: `cannot connect: ${cause}`,
      hint:
        code === 'ECONNREFUSED'
          ? 'on that host, umlwatch VM -info shows address and port; see tcp and tcp_address in umlmon(5)'
          : 'see whether the host is up, and what lies between here and there',
    });
  }
}

/**
 * TLS on a connection that is there. Whether the certificate is to be believed is the caller's to decide.
 *
 * @param ca certificates of the authorities, PEM; those of the system if undefined
 * @throws UmlmonError REMOTE_TLS
 */
export async function secure(
  socket: Socket,
  { host, port }: Endpoint,
  ca: string | undefined,
  timeoutMs: number,
): Promise<Secured> {
  try {
    const tls = connectTls({
      socket,
      // Certificates have addresses and names in one form.
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
      hint: 'if the host has tcp = plain, and what lies between can be trusted: -plain',
    });
  }
}

/** Waits for an event of a socket that is on its way; destroys it if that does not come. */
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
