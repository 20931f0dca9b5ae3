import { readlinkSync } from 'node:fs';
import { UmlmonError } from '../system/errors/errors.ts';
import { kernelLimits } from '../system/limits/limits.ts';
import type { Credentials } from '../system/native/native.ts';

/** What is known of a kernel process. */
export interface KernelProcess {
  /** The VM, for messages. */
  readonly vm: string;
  readonly uid: number;
  /**
   * In our pid namespace. Undefined if only the user is known. A UML kernel sends everything from this one process: its
   * threads share its number, and processes of the guest run no code of the kernel.
   */
  readonly pid?: number;
}

/**
 * Separates the datagrams of a kernel process from those of others that reach the same socket. Those are processes of its user
 * outside of the jail or in another VM, and children of a kernel that its guest has taken over. They are counted and
 * reported, and never accepted.
 */
export class KernelSender {
  readonly #kernel: KernelProcess;
  readonly #tell: (error: UmlmonError) => void;
  /** The pid namespace of the jail (pid_namespaces(7)); undefined if unknown. */
  readonly #jail: string | undefined;
  #forged = 0;
  #silentUntil = 0;

  /** @param tell is called for a forged datagram, at most once a minute */
  constructor(kernel: KernelProcess, tell: (error: UmlmonError) => void) {
    this.#kernel = kernel;
    this.#tell = tell;
    this.#jail = kernel.pid === undefined ? undefined : pidNamespaceOf(kernel.pid);
  }

  get uid(): number {
    return this.#kernel.uid;
  }

  /** Datagrams of others so far. */
  get forged(): number {
    return this.#forged;
  }

  /**
   * Whether the kernel process is who sent something; with `jail`, whether a process of its jail is. A sender that is not
   * known is another process. Refused datagrams are counted.
   */
  accepts(sender: Credentials | undefined, who: 'kernel' | 'jail' = 'kernel'): boolean {
    const { uid, pid } = this.#kernel;
    if (sender?.uid === uid) {
      if (pid === undefined || sender.pid === pid) return true;
      if (who === 'jail' && this.#jail !== undefined && pidNamespaceOf(sender.pid) === this.#jail)
        return true;
    }
    this.#refuse(sender);
    return false;
  }

  #refuse(sender: Credentials | undefined): void {
    const { vm, uid } = this.#kernel;
    this.#forged++;
    const now = performance.now();
    if (now < this.#silentUntil) return;
    this.#silentUntil = now + kernelLimits.forgedReport;
    const who = sender ? `process ${sender.pid} of user ${sender.uid}` : 'an unknown process';
    this.#tell(
      new UmlmonError('KERNEL_FORGED', {
        place: vm,
        cause: `${who} sent a message that only the kernel may send; ${this.#forged} such messages were dropped`,
        hint: `list the processes of the VM's user: ps -u ${uid} -o pid,args`,
      }),
    );
  }
}

/** Undefined if the process has exited, or we may not inspect it. */
function pidNamespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}
