import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { placeText } from '../../rpc/address.ts';
import { RpcClient } from '../../rpc/client.ts';
import { connectTcp, type Endpoint, type Secured, secure } from '../../rpc/connect-remote.ts';
import { logIn } from '../../rpc/log-in.ts';
import { answerMs, MonitorClient } from '../../rpc/monitor-client.ts';
import { type Derivation, saltPassword } from '../../rpc/scram.ts';
import { umlmonctrl } from '../../rpc/umlmonctrl.gen.ts';
import { isSystemError, toFailure, UmlmonError } from '../../system/errors.ts';
import { findPassword, type PasswordSource } from './find-password.ts';
import { KnownHosts } from './known-hosts.ts';

/** How a remote monitor is reached, and believed. */
export interface RemoteOptions {
  readonly password: PasswordSource;
  /** Without TLS: what lies between is trusted. */
  readonly plain: boolean;
  /** File with the certificates of the authorities that must vouch for the host; undefined: those of the system may. */
  readonly ca: string | undefined;
}

/** How often a password that is typed may be wrong. */
const triesMax = 3;

/** A monitor on another host. The password is asked for once, however many connections are made. */
export class RemoteMonitor {
  readonly #vm: string;
  readonly #address: string;
  readonly #endpoint: Endpoint;
  readonly #options: RemoteOptions;
  readonly #knownHosts: KnownHosts;
  readonly #open: () => Promise<Socket>;
  #password: { readonly password: string; readonly typed: boolean } | undefined;
  #derived: { readonly from: Derivation; readonly key: Buffer } | undefined;

  /**
   * @param address as the user wrote it: VM@HOST:PORT
   * @param open makes a connection whose other end is the monitor; by default to `endpoint`
   */
  constructor(
    vm: string,
    address: string,
    endpoint: Endpoint,
    options: RemoteOptions,
    open = () => connectTcp(endpoint, answerMs),
  ) {
    this.#vm = vm;
    this.#address = address;
    this.#endpoint = endpoint;
    this.#options = options;
    this.#open = open;
    this.#knownHosts = new KnownHosts(options.password.env);
  }

  /** Errors: REMOTE_*, AUTH_*, PASSWORD_*, and those of a local monitor. */
  async connect(): Promise<MonitorClient> {
    for (let tries = 1; ; tries++)
      try {
        return await this.#connectOnce(await this.#knownPassword());
      } catch (error) {
        const isWrong = toFailure(error).code === 'PASSWORD_WRONG' && this.#password?.typed;
        if (!isWrong || tries === triesMax) throw error;
        process.stderr.write('wrong password\n');
        this.#password = undefined;
        this.#derived = undefined;
      }
  }

  async #connectOnce(password: string): Promise<MonitorClient> {
    const socket = await this.#open();
    try {
      const secured = this.#options.plain ? undefined : await this.#secure(socket);
      const place = placeText(this.#endpoint.host, this.#endpoint.port);
      const options = { name: this.#address, timeoutMs: answerMs };
      const rpc = RpcClient.over(secured?.socket ?? socket, umlmonctrl, place, options);
      const derive = (derivation: Derivation) => this.#derive(password, derivation);
      await logIn(rpc, { vm: this.#vm, binding: secured?.binding ?? null, derive, place });
      if (secured?.doubt) this.#knownHosts.remember(this.#address, secured.fingerprint);
      return MonitorClient.over(rpc);
    } catch (error) {
      socket.destroy();
      throw this.#options.plain ? withoutTls(error, this.#endpoint) : error;
    }
  }

  /** The host must be vouched for, or be the one of last time, or prove now that it knows the password. */
  async #secure(socket: Socket): Promise<Secured> {
    const { ca } = this.#options;
    const secured = await secure(
      socket,
      this.#endpoint,
      ca === undefined ? ca : readAuthorities(ca),
      answerMs,
    );
    if (!secured.doubt) return secured;
    const place = placeText(this.#endpoint.host, this.#endpoint.port);
    if (ca !== undefined)
      throw new UmlmonError('REMOTE_IDENTITY', {
        place,
        cause: `${ca} does not vouch for its certificate: ${secured.doubt}`,
        hint: `its fingerprint is ${secured.fingerprint}`,
      });
    const known = this.#knownHosts.fingerprintOf(this.#address);
    if (known !== undefined && known !== secured.fingerprint)
      throw new UmlmonError('REMOTE_IDENTITY', {
        place,
        cause: `its certificate is not the one of last time; its fingerprint is ${secured.fingerprint}`,
        hint: `if the host was set up anew, remove its line from ${this.#knownHosts.path}`,
      });
    return secured;
  }

  /** Nobody types a password for a host that cannot be reached; and no monitor waits for one to be typed. */
  async #knownPassword(): Promise<string> {
    if (!this.#password) {
      const socket = await this.#open();
      try {
        if (!this.#options.plain) await this.#secure(socket);
      } finally {
        socket.destroy();
      }
    }
    this.#password ??= await findPassword(this.#address, this.#options.password);
    return this.#password.password;
  }

  async #derive(password: string, from: Derivation): Promise<Buffer> {
    const known = this.#derived;
    if (known?.from.iterations === from.iterations && known.from.salt.equals(from.salt)) return known.key;
    const key = await saltPassword(password, from);
    this.#derived = { from, key };
    return key;
  }
}

/** A monitor that wants TLS takes our first call for noise, and hangs up. */
function withoutTls(error: unknown, { host, port }: Endpoint): unknown {
  if (toFailure(error).code !== 'MONITOR_UNREACHABLE') return error;
  return new UmlmonError('REMOTE_TLS', {
    place: placeText(host, port),
    cause: 'the monitor closed the connection at the first call',
    hint: 'it may want TLS: leave out -plain',
  });
}

function readAuthorities(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new UmlmonError('USAGE', { place: '-ca', cause: error.message, hint: 'a file in PEM form' });
  }
}
