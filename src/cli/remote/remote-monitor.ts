import type { MonitorClient } from '../../rpc/client/monitor-client.ts';
import { checkRemote, connectRemote, type RemoteWay } from '../../rpc/server/remote-access.ts';
import { toFailure } from '../../system/errors/errors.ts';
import { findPassword, type PasswordSource } from './find-password.ts';

/** How often a password that is typed may be wrong. */
const triesMax = 3;

/** A monitor on another host. The password is asked for once, however many connections are made. */
export class RemoteMonitor {
  readonly #way: RemoteWay;
  readonly #source: PasswordSource;
  #password: { readonly password: string; readonly typed: boolean } | undefined;

  constructor(way: RemoteWay, source: PasswordSource) {
    this.#way = way;
    this.#source = source;
  }

  /** Errors: REMOTE_*, DIRECTORY_*, AUTH_*, PASSWORD_*, and those of a local monitor. */
  async connect(): Promise<MonitorClient> {
    for (let tries = 1; ; tries++)
      try {
        return await connectRemote(this.#way, await this.#knownPassword());
      } catch (error) {
        const isWrong = toFailure(error).code === 'PASSWORD_WRONG' && this.#password?.typed;
        if (!isWrong || tries === triesMax) throw error;
        process.stderr.write('wrong password\n');
        this.#password = undefined;
      }
  }

  /** Checks the host before it asks for a password, and asks before it connects: no monitor waits for the typing. */
  async #knownPassword(): Promise<string> {
    if (!this.#password) await checkRemote(this.#way);
    this.#password ??= await findPassword(this.#way.address, this.#source);
    return this.#password.password;
  }
}
