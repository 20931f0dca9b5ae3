import type { Socket } from 'node:net';
import { toFailure, UmlmonError } from '../../system/errors/errors.ts';
import { placeText } from '../address.ts';
import type { DerivedKeys } from '../auth/derived-keys.ts';
import type { KnownHosts } from '../auth/known-hosts.ts';
import { authenticate } from '../auth/log-in.ts';
import { RpcClient } from '../client/client.ts';
import { type RemoteEndpoint, type Secured, secure } from '../client/connect-remote.ts';
import { answerMs, MonitorClient } from '../client/monitor-client.ts';
import { umlmonctrl } from '../umlmonctrl.gen.ts';

/** Certificates of authorities, and their file. */
export interface Authorities {
  readonly path: string;
  readonly pem: string;
}

/** How a monitor of another host is reached and authenticated. */
export interface RemoteWay {
  readonly vm: string;
  /** `VM@HOST:PORT` as the user wrote it: for messages, and as the key of its stored certificate. */
  readonly address: string;
  /** Host name: for messages, and required in the certificate. */
  readonly endpoint: RemoteEndpoint;
  /** Opens a connection to the monitor. */
  readonly open: () => Promise<Socket>;
  /** No TLS: the network is trusted. */
  readonly plain: boolean;
  /** Required authorities; undefined: those of the system are sufficient but not required. */
  readonly authorities: Authorities | undefined;
  readonly knownHosts: KnownHosts;
  readonly keys: DerivedKeys;
}

/** Checks that the monitor is reachable before the user types a password. Errors: REMOTE_*, DIRECTORY_*. */
export async function checkRemote(way: RemoteWay): Promise<void> {
  const socket = await way.open();
  try {
    if (!way.plain) await secureWay(way, socket);
  } finally {
    socket.destroy();
  }
}

/** An authenticated connection. Errors: REMOTE_*, DIRECTORY_*, AUTH_*, PASSWORD_WRONG, and those of a local monitor. */
export async function connectRemote(way: RemoteWay, password: string): Promise<MonitorClient> {
  const { vm, address, plain, keys, knownHosts } = way;
  const place = placeOf(way);
  const socket = await way.open();
  try {
    const secured = plain ? undefined : await secureWay(way, socket);
    const options = { name: address, timeoutMs: answerMs };
    const rpc = RpcClient.over(secured?.socket ?? socket, umlmonctrl, place, options);
    const binding = secured?.binding ?? null;
    await authenticate(rpc, { vm, binding, derive: (derivation) => keys.of(password, derivation), place });
    if (secured?.doubt) knownHosts.remember(address, secured.fingerprint);
    return MonitorClient.over(rpc);
  } catch (error) {
    socket.destroy();
    throw plain ? withoutTls(error, place) : error;
  }
}

/** The host must have a trusted certificate, or the certificate of the last login, or prove that it knows the password. */
async function secureWay(way: RemoteWay, socket: Socket): Promise<Secured> {
  const { authorities, endpoint, address, knownHosts } = way;
  const secured = await secure(socket, endpoint, authorities?.pem, answerMs);
  if (!secured.doubt) return secured;
  const place = placeOf(way);
  if (authorities)
    throw new UmlmonError('REMOTE_IDENTITY', {
      place,
      cause: `no authority in ${authorities.path} has signed its certificate: ${secured.doubt}`,
      hint: `its fingerprint is ${secured.fingerprint}`,
    });
  const known = knownHosts.fingerprintOf(address);
  if (known !== undefined && known !== secured.fingerprint)
    throw new UmlmonError('REMOTE_IDENTITY', {
      place,
      cause: `its certificate has changed since the last login; its fingerprint is ${secured.fingerprint}`,
      hint: `if the host was reinstalled, remove its line from ${knownHosts.path}`,
    });
  return secured;
}

function placeOf({ endpoint }: RemoteWay): string {
  return placeText(endpoint.host, endpoint.port);
}

/** A monitor with TLS rejects a plain call and closes the connection. */
function withoutTls(error: unknown, place: string): unknown {
  if (toFailure(error).code !== 'MONITOR_UNREACHABLE') return error;
  return new UmlmonError('REMOTE_TLS', {
    place,
    cause: 'the monitor closed the connection at the first call',
    hint: 'it may require TLS: do not use -plain',
  });
}
