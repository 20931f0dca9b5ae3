import type { Socket } from 'node:net';
import { remoteLimits } from '../system/limits.ts';

interface Stranger {
  readonly address: string;
  readonly timer: NodeJS.Timeout;
}

/**
 * Connections of clients that have not proved who they are, from the moment they are accepted: few at once, and none for
 * long. Who holds many of them loses its own first, so that others still get in.
 */
export class Strangers {
  /** The oldest first. */
  readonly #sockets = new Map<Socket, Stranger>();

  get size(): number {
    return this.#sockets.size;
  }

  add(socket: Socket, address: string): void {
    const timer = setTimeout(() => socket.destroy(), remoteLimits.strangerTime);
    this.#sockets.set(socket, { address, timer });
    socket.once('close', () => this.forget(socket));
    if (this.#sockets.size <= remoteLimits.strangers) return;
    const victim = this.#oldestOfMost();
    if (!victim) return;
    this.forget(victim);
    victim.destroy();
  }

  /** It has proved who it is, or is gone. */
  forget(socket: Socket): void {
    clearTimeout(this.#sockets.get(socket)?.timer);
    this.#sockets.delete(socket);
  }

  close(): void {
    for (const socket of this.#sockets.keys()) socket.destroy();
  }

  /** The oldest connection of the address that has the most of them. */
  #oldestOfMost(): Socket | undefined {
    const counts = new Map<string, number>();
    for (const { address } of this.#sockets.values()) counts.set(address, (counts.get(address) ?? 0) + 1);
    const most = Math.max(...counts.values());
    return [...this.#sockets].find(([, { address }]) => counts.get(address) === most)?.[0];
  }
}
