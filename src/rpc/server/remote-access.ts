import type { Socket } from 'node:net';
import { toFailure, UmlmonError } from '../../system/errors/errors.ts';
import { placeText } from '../address.ts';
import type { DerivedKeys } from '../auth/derived-keys.ts';
import type { KnownHosts } from '../auth/known-hosts.ts';
import { logIn } from '../auth/log-in.ts';
import { RpcClient } from '../client/client.ts';
import { type Endpoint, type Secured, secure } from '../client/connect-remote.ts';
import { answerMs, MonitorClient } from '../client/monitor-client.ts';
import { umlmonctrl } from '../umlmonctrl.gen.ts';

/** Certificates, and the file that they are from. */
export interface Authorities {
  readonly path: string;
  readonly pem: string;
}

/** How a monitor of another host is reached, and believed. */
export interface RemoteWay {
  readonly vm: string;
  /** `VM@HOST:PORT` as the user has it: in messages, and what its certificate is remembered for. */
  readonly address: string;
  /** For messages, and the name that a certificate must have. */
  readonly endpoint: Endpoint;
  /** Makes a connection whose other end is the monitor. */
  readonly open: () => Promise<Socket>;
  /** Without TLS: what lies between is trusted. */
  readonly plain: boolean;
  /** Those that must vouch for the host; undefined: those of the system may. */
  readonly authorities: Authorities | undefined;
  readonly knownHosts: KnownHosts;
  readonly keys: DerivedKeys;
}

/** Whether there is somebody to log in at, so that nobody types a password in vain. Errors: REMOTE_*, DIRECTORY_*. */
export async function checkRemote(way: RemoteWay): Promise<void> {
  const socket = await way.open();
  try {
    if (!way.plain) await secureWay(way, socket);
  } finally {
    socket.destroy();
  }
}

/** A connection on which we are known. Errors: REMOTE_*, DIRECTORY_*, AUTH_*, PASSWORD_WRONG, and those of a local monitor. */
export async function connectRemote(way: RemoteWay, password: string): Promise<MonitorClient> {
  const { vm, address, plain, keys, knownHosts } = way;
  const place = placeOf(way);
  const socket = await way.open();
  try {
    const secured = plain ? undefined : await secureWay(way, socket);
    const options = { name: address, timeoutMs: answerMs };
    const rpc = RpcClient.over(secured?.socket ?? socket, umlmonctrl, place, options);
    const binding = secured?.binding ?? null;
    await logIn(rpc, { vm, binding, derive: (derivation) => keys.of(password, derivation), place });
    if (secured?.doubt) knownHosts.remember(address, secured.fingerprint);
    return MonitorClient.over(rpc);
  } catch (error) {
    socket.destroy();
    throw plain ? withoutTls(error, place) : error;
  }
}

/** The host must be vouched for, or be the one of last time, or prove now that it knows the password. */
async function secureWay(way: RemoteWay, socket: Socket): Promise<Secured> {
  const { authorities, endpoint, address, knownHosts } = way;
  const secured = await secure(socket, endpoint, authorities?.pem, answerMs);
  if (!secured.doubt) return secured;
  const place = placeOf(way);
  if (authorities)
    throw new UmlmonError('REMOTE_IDENTITY', {
      place,
      cause: `${authorities.path} does not vouch for its certificate: ${secured.doubt}`,
      hint: `its fingerprint is ${secured.fingerprint}`,
    });
  const known = knownHosts.fingerprintOf(address);
  if (known !== undefined && known !== secured.fingerprint)
    throw new UmlmonError('REMOTE_IDENTITY', {
      place,
      cause: `its certificate is not the one of last time; its fingerprint is ${secured.fingerprint}`,
      hint: `if the host was set up anew, remove its line from ${knownHosts.path}`,
    });
  return secured;
}

function placeOf({ endpoint }: RemoteWay): string {
  return placeText(endpoint.host, endpoint.port);
}

/** A monitor that wants TLS takes our first call for noise, and hangs up. */
function withoutTls(error: unknown, place: string): unknown {
  if (toFailure(error).code !== 'MONITOR_UNREACHABLE') return error;
  return new UmlmonError('REMOTE_TLS', {
    place,
    cause: 'the monitor closed the connection at the first call',
    hint: 'it may want TLS: leave out -plain',
  });
}
