import { closeSync } from 'node:fs';
import { isSystemError } from '../../system/errors/errors.ts';
import { networkLimits } from '../../system/limits/limits.ts';
import { attachFilter, openChangeSocket, receiveDatagram } from '../../system/native/native.ts';
import { type Watch, watch } from '../../system/watch.ts';

/**
 * Receives the host's messages about changes of its network, at most once every `linkPause`. Without a change it does not
 * wake up.
 */
export class ChangeSocket {
  readonly #fd: number;
  readonly #watch: Watch;
  readonly #onChange: (datagrams: readonly Buffer[], areAll: boolean) => void;
  #pause: NodeJS.Timeout | undefined;
  #closed = false;

  /**
   * @param onChange gets the datagrams that were waiting, at most `linkMessages`; `areAll` is false if some were lost
   * or are longer than they were heard
   * @throws Error of the system call
   */
  constructor(of: 'route' | 'nftables', onChange: (datagrams: readonly Buffer[], areAll: boolean) => void) {
    this.#onChange = onChange;
    this.#fd = openChangeSocket(of);
    this.#watch = watch(this.#fd, { readable: true }, () => this.#changed());
  }

  /** Receives only messages that a program of classic BPF accepts from now on. Errors: those of the system call. */
  filter(program: Uint8Array): void {
    attachFilter(this.#fd, program);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#pause);
    this.#watch.close();
    closeSync(this.#fd);
  }

  #changed(): void {
    const datagrams: Buffer[] = [];
    const areAll = this.#drain(datagrams);
    this.#watch.set({});
    this.#pause = setTimeout(() => this.#watch.set({ readable: true }), networkLimits.linkPause);
    this.#onChange(datagrams, areAll);
  }

  #drain(datagrams: Buffer[]): boolean {
    const buffer = Buffer.alloc(networkLimits.linkMessageBytes);
    let areWhole = true;
    try {
      for (let i = 0; i < networkLimits.linkMessages; i++) {
        const received = receiveDatagram(this.#fd, buffer);
        if (!received) break;
        if (received.truncated) areWhole = false;
        datagrams.push(Buffer.from(buffer.subarray(0, received.length)));
      }
      return areWhole;
    } catch (error) {
      // The buffer was full, and messages were lost (ENOBUFS).
      if (!isSystemError(error)) throw error;
      return false;
    }
  }
}
