import type { Socket } from 'node:net';
import { remoteLimits, remoteShares } from '../../system/limits/limits.ts';
import { FairTable } from '../../system/sharing/fair-table.ts';
import { peerAt } from './peer.ts';

/**
 * Connections of clients that have not proved who they are, from the moment they are accepted: few at once, and none for
 * long. An address that holds its share of them loses its own oldest, and so does the one that holds most when all are taken:
 * others still get in.
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

  /** It has proved who it is, or is gone. */
  forget(socket: Socket): void {
    clearTimeout(this.#timers.get(socket));
    this.#sockets.delete(socket);
  }

  close(): void {
    for (const socket of [...this.#sockets]) socket.destroy();
  }
}
