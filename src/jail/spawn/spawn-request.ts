import type { Socket } from 'node:net';
import type { ProcessIdentity } from '../../system/native/process.ts';
import type { TrialPlan } from '../host/trial.ts';
import type { MountPlan } from '../sandbox/assert-mounts.ts';

/** What spawnInJail needs to execute a kernel in its jail. */
export interface SpawnRequest {
  /** From sandboxArguments. */
  readonly argv: readonly string[];
  /** Host directory to start in. */
  readonly cwd: string;
  /**
   * Number in the kernel → our descriptor, or `pipe` for one end of a new stream socket (see `onPipes`). 0, 1 and 2
   * should be among them (else /dev/null): errors of bubblewrap go where those of the kernel go. All other numbers are
   * closed in the kernel.
   */
  readonly descriptors: ReadonlyMap<number, number | 'pipe'>;
  /** Called at once with our end of each `pipe`, by its number in the kernel. The caller closes them. */
  readonly onPipes?: (pipes: ReadonlyMap<number, Socket>) => void;
  /** The plan's `statusFd`, and the file of the layout that it writes to. */
  readonly status: { readonly fd: number; readonly path: string };
  /** What must be mounted in the jail, and nothing else. */
  readonly mounts: MountPlan;
  /** Binds of mode `dev` whose source is open. */
  readonly devices?: readonly DeviceBind[];
  /** The plan's `seccompFd`, and what is read from it. */
  readonly seccomp: { readonly fd: number; readonly filter: Uint8Array };
  /**
   * The plan's `gateFd`. `open` connects the namespaces of the complete jail, given one of its processes. If `open` fails,
   * the kernel is not started, and the spawn fails with the same error.
   */
  readonly gate?: { readonly fd: number; readonly open: (jail: ProcessIdentity) => void | Promise<void> };
  /** Whether the event loop of this program waits for the end of the kernel. Default: no. */
  readonly tied?: boolean;
  /** What a trial needs of the plan, to explain why no kernel came up. */
  readonly trial: TrialPlan;
  /** All output of descriptor 2 up to now: read if the spawn fails, to explain why. */
  readonly words: () => string;
}

export interface DeviceBind {
  readonly fd: number;
  /** Path in the jail. */
  readonly to: string;
}
