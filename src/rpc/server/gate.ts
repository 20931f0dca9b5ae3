import type { Socket } from 'node:net';
import { rpcLimits } from '../../system/limits/limits.ts';
import { FairTable } from '../../system/sharing/fair-table.ts';
import type { ShareBounds, SharePeer } from '../../system/sharing/shares.ts';
import { peerAt } from './peer.ts';

export interface GateParts {
  readonly bounds: ShareBounds;
  /** Called with the number of closed connections at a limit, at most once in rpcLimits.tellInterval. */
  readonly onClosed: (count: number) => void;
  /** The peer whose share a connection uses; by default its address. */
  readonly peerOf?: (socket: Socket) => SharePeer;
}

/**
 * Bounds the connections to a port. At a limit, the address with the most connections loses its oldest unanswered one to
 * the new connection. So a flood of silent connections locks out no client. If all are answered, an address with more
 * connections loses one to an address with fewer; otherwise the new one is closed.
 */
export class Gate {
  readonly #parts: GateParts;
  readonly #open: FairTable<Socket>;
  /** Closed connections that are not reported yet. */
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

  /** Whether the connection is admitted; otherwise it is closed. */
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
