import type { Socket } from 'node:net';
import { networkOf, plainAddress } from '../rpc/address.ts';
import { directoryLimits } from '../system/limits.ts';

export interface GateLimits {
  readonly connections: number;
  readonly perAddress: number;
}

/**
 * Bounds the connections to a port. At a limit, the connection that has been waiting longest without an answer gives
 * way to the new one: a flood of connections that say nothing keeps nobody out. If all have been answered, the new one is
 * closed.
 */
export class Gate {
  readonly #limits: GateLimits;
  readonly #onClosed: (count: number) => void;
  /** In the order in which they came. */
  readonly #open = new Map<Socket, string>();
  readonly #perAddress = new Map<string, number>();
  /** Connections that were closed at a limit, and not told of yet. */
  #closed = 0;
  #telling: NodeJS.Timeout | undefined;

  /** `onClosed` is told how many were closed at a limit, soon and not too often. */
  constructor(limits: GateLimits, onClosed: (count: number) => void) {
    this.#limits = limits;
    this.#onClosed = onClosed;
  }

  /** Whether the connection may stay; otherwise it is closed. */
  admit(socket: Socket): boolean {
    const key = networkOf(plainAddress(socket.remoteAddress ?? ''));
    const { connections, perAddress } = this.#limits;
    const isFull =
      ((this.#perAddress.get(key) ?? 0) >= perAddress && !this.#makeRoom(key)) ||
      (this.#open.size >= connections && !this.#makeRoom());
    if (isFull) {
      this.#close(socket);
      return false;
    }
    this.#open.set(socket, key);
    this.#perAddress.set(key, (this.#perAddress.get(key) ?? 0) + 1);
    socket.once('close', () => this.#forget(socket));
    return true;
  }

  /** Closes all connections. */
  close(): void {
    clearTimeout(this.#telling);
    for (const socket of [...this.#open.keys()]) socket.destroy();
  }

  #makeRoom(key?: string): boolean {
    for (const [socket, address] of this.#open) {
      if ((key !== undefined && address !== key) || socket.bytesWritten > 0) continue;
      this.#forget(socket);
      this.#close(socket);
      return true;
    }
    return false;
  }

  #close(socket: Socket): void {
    this.#closed += 1;
    this.#telling ??= setTimeout(() => {
      this.#telling = undefined;
      this.#onClosed(this.#closed);
      this.#closed = 0;
    }, directoryLimits.tellInterval);
    socket.on('error', () => undefined);
    socket.destroy();
  }

  #forget(socket: Socket): void {
    const key = this.#open.get(socket);
    if (key === undefined) return;
    this.#open.delete(socket);
    const left = (this.#perAddress.get(key) ?? 1) - 1;
    if (left > 0) this.#perAddress.set(key, left);
    else this.#perAddress.delete(key);
  }
}
