import type { Socket } from 'node:net';
import { remoteLimits, remoteShares } from '../../system/limits/limits.ts';
import { FairTable } from '../../system/sharing/fair-table.ts';
import { peerAt } from './peer.ts';

/**
 * Unauthenticated connections, from the moment they are accepted: few at once, and only for a short time. An address with
 * its full share loses its own oldest one. If all are in use, the address with the most loses its oldest, so that other
 * clients can still connect.
 */
export class Strangers {
  readonly #sockets = new FairTable<Socket>(remoteShares.strangers, {
    atShare: 'replace',
    atFull: 'replace',
  });
  readonly #timers = new WeakMap<Socket, NodeJS.Timeout>();

  get size(): number {
    return this.#sockets.size;
  }

  add(socket: Socket, address: string): void {
    this.#timers.set(
      socket,
      setTimeout(() => socket.destroy(), remoteLimits.strangerTime),
    );
    socket.once('close', () => this.forget(socket));
    const added = this.#sockets.add(peerAt(address), socket);
    if ('refused' in added) socket.destroy();
    else if (added.victim) {
      this.forget(added.victim);
      added.victim.destroy();
    }
  }

  /** Removes a connection: it has logged in or has ended. */
  forget(socket: Socket): void {
    clearTimeout(this.#timers.get(socket));
    this.#sockets.delete(socket);
  }

  close(): void {
    for (const socket of [...this.#sockets]) socket.destroy();
  }
}
