import { readFileSync } from 'node:fs';
import type { GlobalConfig } from '../../config/config.ts';
import { DerivedKeys } from '../../rpc/auth/derived-keys.ts';
import { KnownHosts } from '../../rpc/auth/known-hosts.ts';
import type { MonitorClient } from '../../rpc/client/monitor-client.ts';
import { type Authorities, connectRemote } from '../../rpc/server/remote-access.ts';
import { isSystemError, toFailure, UmlmonError } from '../../system/errors/errors.ts';
import { readSecretFile } from '../../system/files/secret-file.ts';
import { remoteLimits, webLimits } from '../../system/limits/limits.ts';
import { firstLine } from '../../system/text.ts';
import type { DirectoryWatch } from '../hosts/directory-watch.ts';
import type { OtherPlace } from '../hosts/other-host-paths.ts';
import { knownHostsFile } from '../state-files.ts';

/** A password that was not taken somewhere. */
interface Refusal {
  readonly password: string;
  readonly error: unknown;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** umlweb as a client of monitors of other hosts: with its own password, for all its users. */
export class RemoteLogin {
  readonly #passwordFile: string;
  readonly #ca: string;
  readonly #knownHosts: KnownHosts;
  readonly #keys = new DerivedKeys();
  /** By `VM@HOST`: a wrong password is not tried again and again, which the other host would take for guessing. */
  readonly #refusals = new Map<string, Refusal>();

  constructor({ web_password_file, web_ca, vardir }: GlobalConfig) {
    this.#passwordFile = web_password_file;
    this.#ca = web_ca;
    this.#knownHosts = new KnownHosts(knownHostsFile({ vardir }, process.env));
  }

  /** Errors: WEB_HOSTS if the files that are needed for it cannot be used. */
  check(): void {
    this.#password();
    this.#authorities();
  }

  /**
   * @param address `VM@HOST`, for messages
   * @throws UmlmonError WEB_HOSTS, DIRECTORY_*, REDIRECTOR_*, REMOTE_*, AUTH_*, PASSWORD_WRONG
   */
  async connect(address: string, { target, directory }: OtherPlace<DirectoryWatch>): Promise<MonitorClient> {
    const password = this.#password();
    const refusal = this.#refusals.get(address);
    if (refusal?.password === password && performance.now() < refusal.until) throw refusal.error;
    this.#refusals.delete(address);
    const way = {
      vm: target.vm,
      address,
      endpoint: directory.at,
      open: () => directory.open(target),
      plain: false,
      authorities: this.#authorities(),
      knownHosts: this.#knownHosts,
      keys: this.#keys,
    };
    try {
      return await connectRemote(way, password);
    } catch (error) {
      if (/^(?:AUTH_|PASSWORD_)/.test(toFailure(error).code)) this.#keep(address, password, error);
      throw error;
    }
  }

  #keep(address: string, password: string, error: unknown): void {
    const now = performance.now();
    for (const [one, { until }] of this.#refusals) if (until <= now) this.#refusals.delete(one);
    this.#refusals.set(address, { password, error, until: now + webLimits.refusedTime });
  }

  /** Read each time: it can be changed while umlweb runs. */
  #password(): string {
    const path = this.#passwordFile;
    const text = readSecretFile(path, 4 * remoteLimits.passwordMost + 1, (cause, hint) =>
      unusable(path, cause, hint),
    );
    const password = firstLine(text ?? '');
    if (password !== '') return password;
    throw unusable(path, text === undefined ? 'the file does not exist' : 'its first line is empty');
  }

  #authorities(): Authorities | undefined {
    const path = this.#ca;
    if (path === '') return undefined;
    try {
      return { path, pem: readFileSync(path, 'utf8') };
    } catch (error) {
      if (!isSystemError(error)) throw error;
      throw unusable(path, error.message, 'see web_ca in umlmon(5)');
    }
  }
}

function unusable(place: string, cause: string, hint = 'see web_password_file in umlmon(5)'): UmlmonError {
  return new UmlmonError('WEB_HOSTS', { place, cause, hint });
}
