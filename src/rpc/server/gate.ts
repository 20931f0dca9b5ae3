import type { Socket } from 'node:net';
import { rpcLimits } from '../../system/limits/limits.ts';
import { FairTable } from '../../system/sharing/fair-table.ts';
import type { Peer, ShareBounds } from '../../system/sharing/shares.ts';
import { peerAt } from './peer.ts';

export interface GateParts {
  readonly bounds: ShareBounds;
  /** Told how many were closed at a limit, soon and not too often. */
  readonly onClosed: (count: number) => void;
  /** Whose part of the table a connection takes; by its address, unless told otherwise. */
  readonly peerOf?: (socket: Socket) => Peer;
}

/**
 * Bounds the connections to a port. At a limit, a connection that has been waiting longest without an answer gives way to the
 * new one, of the address that has most: a flood of connections that say nothing keeps nobody out. Of answered ones, an
 * address with more of them gives one up for an address with less; otherwise the new one is closed.
 */
export class Gate {
  readonly #parts: GateParts;
  readonly #open: FairTable<Socket>;
  /** Connections that were closed at a limit, and not told of yet. */
  #closed = 0;
  #telling: NodeJS.Timeout | undefined;

  constructor(parts: GateParts) {
    this.#parts = parts;
    this.#open = new FairTable(parts.bounds, {
      atShare: 'yielding',
      atFull: 'yielding',
      yields: ({ bytesWritten }) => bytesWritten === 0,
    });
  }

  /** Whether the connection may stay; otherwise it is closed. */
  admit(socket: Socket): boolean {
    const { peerOf = ({ remoteAddress = '' }) => peerAt(remoteAddress) } = this.#parts;
    const added = this.#open.add(peerOf(socket), socket);
    if ('refused' in added) {
      this.#close(socket);
      return false;
    }
    if (added.victim) this.#close(added.victim);
    socket.once('close', () => this.#open.delete(socket));
    return true;
  }

  /** Closes all connections. */
  close(): void {
    clearTimeout(this.#telling);
    for (const socket of [...this.#open]) socket.destroy();
  }

  #close(socket: Socket): void {
    this.#closed += 1;
    this.#telling ??= setTimeout(() => {
      this.#telling = undefined;
      this.#parts.onClosed(this.#closed);
      this.#closed = 0;
    }, rpcLimits.tellInterval);
    socket.on('error', () => undefined);
    socket.destroy();
  }
}
