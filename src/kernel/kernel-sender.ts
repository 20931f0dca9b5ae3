import { UmlmonError } from '../system/errors.ts';
import { kernelLimits } from '../system/limits.ts';
import type { Credentials } from '../system/native.ts';

/** What is known of a kernel process. */
export interface KernelProcess {
  /** The VM, for people. */
  readonly vm: string;
  readonly uid: number;
  /**
   * As we see it, in our pid namespace. Undefined where only the user is known. All that a UML kernel sends comes from
   * this one process: its threads share its number, and processes of the guest run no code of the kernel.
   */
  readonly pid?: number;
}

/**
 * Tells the datagrams of a kernel process from those of others who reach the same socket: processes of the same user
 * outside of the jail, of another VM with that user, and what a taken-over kernel has forked. Those are counted, and told
 * of, but never believed.
 */
export class KernelSender {
  readonly #kernel: KernelProcess;
  readonly #tell: (error: UmlmonError) => void;
  #forged = 0;
  #silentUntil = 0;

  /** @param tell is called for a forged datagram, at most once a minute */
  constructor(kernel: KernelProcess, tell: (error: UmlmonError) => void) {
    this.#kernel = kernel;
    this.#tell = tell;
  }

  get uid(): number {
    return this.#kernel.uid;
  }

  /** Datagrams of others so far. */
  get forged(): number {
    return this.#forged;
  }

  /** Whether the kernel process is who sent something. A sender that is not known is somebody else. */
  accepts(sender: Credentials | undefined): boolean {
    const { vm, uid, pid } = this.#kernel;
    if (sender && sender.uid === uid && (pid === undefined || sender.pid === pid)) return true;
    this.#forged++;
    const now = performance.now();
    if (now < this.#silentUntil) return false;
    this.#silentUntil = now + kernelLimits.forgedReport;
    const who = sender ? `process ${sender.pid} of user ${sender.uid}` : 'somebody unknown';
    this.#tell(
      new UmlmonError('KERNEL_FORGED', {
        place: vm,
        cause: `${who} sent what only the kernel process may send; ${this.#forged} so far, all dropped`,
        hint: `see what runs as the user of the VM: ps -u ${uid} -o pid,args`,
      }),
    );
    return false;
  }
}
