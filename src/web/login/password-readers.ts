import { webGroup } from '../../jail/user.ts';
import { webLimits } from '../../system/limits/limits.ts';

/**
 * The group that may read the passwords besides root: that of umlweb's account. Only a server of the network may know it
 * (getent(1)), so umlweb reads it in the background, again while there are requests.
 */
export class PasswordReaders {
  #account: string | undefined;
  #gid: number | undefined;
  #readAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  /** Reads the group once, before the first request. */
  async prepare(account: string): Promise<void> {
    this.#reading ??= this.#read(account).finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
  }

  /** The group as it was last read. After a change of the account it is unknown, and undefined, for a moment. */
  groupOf(account: string): number | undefined {
    const isOld = performance.now() - this.#readAt > webLimits.readersAge;
    // A failure leaves the earlier answer.
    if (isOld || account !== this.#account) this.prepare(account).catch(() => undefined);
    return account === this.#account ? this.#gid : undefined;
  }

  async #read(account: string): Promise<void> {
    this.#gid = await webGroup(account);
    this.#account = account;
    this.#readAt = performance.now();
  }
}
