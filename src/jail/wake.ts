import { closeSync } from 'node:fs';
import { toFailure, UmlmonError } from '../system/errors/errors.ts';
import { capabilityHint } from '../system/native/capabilities.ts';
import { openProcess, type ProcessIdentity, signalProcess } from '../system/native/process.ts';

export interface WakerHost {
  /** Wakes the kernel without a signal, as a datagram to its management console does. */
  readonly poke: () => void;
  readonly warning: (error: unknown) => void;
}

/**
 * A way to make a kernel check all of its descriptors, without any other effect: SIGIO, which it waits for
 * anyway (arch/um/os-Linux/signal.c). Not before its first output: until then SIGIO would kill it. Where the host
 * refuses the signal, as to root without CAP_KILL, the kernel is poked instead.
 */
export class KernelWaker {
  readonly #host: WakerHost;
  #pidfd: number | undefined;
  #isRefused = false;

  /** A kernel that has ended already is not an error: there is nothing to wake. */
  constructor(kernel: ProcessIdentity, host: WakerHost) {
    this.#host = host;
    this.#pidfd = openProcess(kernel);
  }

  /** Does not throw: it is called while output is read. */
  wake(): void {
    if (this.#pidfd === undefined) return;
    try {
      if (!this.#isRefused) signalProcess(this.#pidfd, 'SIGIO');
    } catch (error) {
      this.#isRefused = true;
      this.#host.warning(
        new UmlmonError('HOST_SYSTEM_CALL', {
          place: 'signal to the kernel',
          cause: `${toFailure(error).cause}; its management console is used instead`,
          hint: capabilityHint(['CAP_KILL']),
        }),
      );
    }
    if (this.#isRefused) this.#host.poke();
  }

  close(): void {
    if (this.#pidfd === undefined) return;
    closeSync(this.#pidfd);
    this.#pidfd = undefined;
  }
}
