/**
 * The life of a VM as one table: state × event → next state and actions. Complete by type: a missing cell does not
 * compile. docs/states.md is generated from it.
 */
import type { VmState } from '../rpc/umlmonctrl.gen.ts';

export type LifecycleEvent =
  /** A user or a policy requests a start. */
  | 'start-asked'
  /** The kernel has announced its management console. */
  | 'kernel-up'
  /** A step of the start failed before the kernel was up. Everything is undone already. */
  | 'start-failed'
  /** A user requests a clean stop. */
  | 'stop-asked'
  /** A user requests the immediate end of the kernel, or on_hang does. */
  | 'kill-asked'
  /** The kernel process has ended, and everything of its start is released. */
  | 'kernel-gone'
  /** A kernel of the previous monitor is taken over. */
  | 'adopted'
  /** A kernel runs that does not match the record of the previous monitor. */
  | 'found-unmanaged'
  /** No kernel runs any longer. */
  | 'unmanaged-gone';

export type Action =
  /** Plan and execute the start. */
  | 'start'
  /** Ctrl-Alt-Del, then halt, then kill. */
  | 'stop'
  /** SIGKILL to the sandbox. */
  | 'kill'
  /** Restart, give up or preserve, as configured by on_poweroff, on_reboot, on_crash and on_hang. */
  | 'apply-policy';

export type LifecycleCell =
  | { readonly next: VmState; readonly actions: readonly Action[] }
  /** The text of the refusal of a request that the state does not allow. */
  | { readonly refuse: string }
  /** Events of the monitor itself that cannot happen in the state. */
  | 'impossible';

export const lifecycle: Record<VmState, Record<LifecycleEvent, LifecycleCell>> = {
  stopped: {
    'start-asked': { next: 'starting', actions: ['start'] },
    'kernel-up': 'impossible',
    'start-failed': 'impossible',
    'stop-asked': { refuse: 'it is stopped already' },
    'kill-asked': { refuse: 'it is stopped already' },
    'kernel-gone': 'impossible',
    adopted: { next: 'running', actions: [] },
    'found-unmanaged': { next: 'unmanaged', actions: [] },
    'unmanaged-gone': { next: 'stopped', actions: [] },
  },
  starting: {
    'start-asked': { refuse: 'it is starting already' },
    'kernel-up': { next: 'running', actions: [] },
    'start-failed': { next: 'stopped', actions: [] },
    'stop-asked': { refuse: 'it is still starting; kill it, or wait' },
    'kill-asked': { next: 'stopping', actions: ['kill'] },
    'kernel-gone': 'impossible',
    adopted: 'impossible',
    'found-unmanaged': 'impossible',
    'unmanaged-gone': 'impossible',
  },
  running: {
    'start-asked': { refuse: 'it is running already' },
    'kernel-up': { next: 'running', actions: [] },
    'start-failed': 'impossible',
    'stop-asked': { next: 'stopping', actions: ['stop'] },
    'kill-asked': { next: 'stopping', actions: ['kill'] },
    'kernel-gone': { next: 'stopped', actions: ['apply-policy'] },
    adopted: 'impossible',
    'found-unmanaged': 'impossible',
    'unmanaged-gone': 'impossible',
  },
  stopping: {
    'start-asked': { refuse: 'it is stopping' },
    'kernel-up': { next: 'stopping', actions: [] },
    'start-failed': { next: 'stopped', actions: [] },
    'stop-asked': { refuse: 'it is stopping already' },
    'kill-asked': { next: 'stopping', actions: ['kill'] },
    'kernel-gone': { next: 'stopped', actions: ['apply-policy'] },
    adopted: 'impossible',
    'found-unmanaged': 'impossible',
    'unmanaged-gone': 'impossible',
  },
  unmanaged: {
    'start-asked': {
      refuse: 'it is unmanaged: a kernel runs that its monitor did not start and cannot verify',
    },
    'kernel-up': 'impossible',
    'start-failed': 'impossible',
    'stop-asked': {
      refuse: 'it is unmanaged: a kernel runs that its monitor did not start and cannot verify',
    },
    'kill-asked': {
      refuse: 'it is unmanaged: a kernel runs that its monitor did not start and cannot verify',
    },
    'kernel-gone': 'impossible',
    adopted: { next: 'running', actions: [] },
    'found-unmanaged': { next: 'unmanaged', actions: [] },
    'unmanaged-gone': { next: 'stopped', actions: [] },
  },
};

/** The states in the order of a lifetime, for pages and tests. */
export const vmStates = Object.keys(lifecycle) as VmState[];
