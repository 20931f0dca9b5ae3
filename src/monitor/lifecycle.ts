/**
 * The life of a VM as one table: state × event → next state and what to do. Complete by type: a missing cell does
 * not compile. docs/states.md is printed from it.
 */
import type { VmState } from '../rpc/umlmonctrl.gen.ts';

export type LifecycleEvent =
  /** Somebody asked for a start, or a policy did. */
  | 'start-asked'
  /** The kernel has announced its management console. */
  | 'kernel-up'
  /** A step of the start failed, before the kernel was up; everything is undone already. */
  | 'start-failed'
  /** Somebody asked for an orderly stop. */
  | 'stop-asked'
  /** Somebody asked to end the kernel at once. */
  | 'kill-asked'
  /** The kernel process is gone, and everything of its start is released. */
  | 'kernel-gone'
  /** A kernel that a former monitor left is taken over. */
  | 'adopted'
  /** A kernel lives that is not what the former monitor has recorded. */
  | 'found-foreign'
  /** It does not live any more. */
  | 'foreign-gone';

export type Action =
  /** Plan and execute the start. */
  | 'start'
  /** Ctrl-Alt-Del, then halt, then kill. */
  | 'stop'
  /** SIGKILL to the sandbox. */
  | 'kill'
  /** Start again, give up, or keep, as on_poweroff, on_reboot, on_crash and on_hang say. */
  | 'apply-policy';

export type Cell =
  | { readonly next: VmState; readonly actions: readonly Action[] }
  /** A person asked for something that makes no sense now: the words of the refusal. */
  | { readonly refuse: string }
  /** Events that only the monitor itself makes and that cannot happen here. */
  | 'impossible';

export const lifecycle: Record<VmState, Record<LifecycleEvent, Cell>> = {
  down: {
    'start-asked': { next: 'starting', actions: ['start'] },
    'kernel-up': 'impossible',
    'start-failed': 'impossible',
    'stop-asked': { refuse: 'it is down already' },
    'kill-asked': { refuse: 'it is down already' },
    'kernel-gone': 'impossible',
    adopted: { next: 'running', actions: [] },
    'found-foreign': { next: 'foreign', actions: [] },
    'foreign-gone': { next: 'down', actions: [] },
  },
  starting: {
    'start-asked': { refuse: 'it is starting already' },
    'kernel-up': { next: 'running', actions: [] },
    'start-failed': { next: 'down', actions: [] },
    'stop-asked': { refuse: 'it is still starting; kill it, or wait' },
    'kill-asked': { next: 'stopping', actions: ['kill'] },
    'kernel-gone': 'impossible',
    adopted: 'impossible',
    'found-foreign': 'impossible',
    'foreign-gone': 'impossible',
  },
  running: {
    'start-asked': { refuse: 'it is running already' },
    'kernel-up': { next: 'running', actions: [] },
    'start-failed': 'impossible',
    'stop-asked': { next: 'stopping', actions: ['stop'] },
    'kill-asked': { next: 'stopping', actions: ['kill'] },
    'kernel-gone': { next: 'down', actions: ['apply-policy'] },
    adopted: 'impossible',
    'found-foreign': 'impossible',
    'foreign-gone': 'impossible',
  },
  stopping: {
    'start-asked': { refuse: 'it is stopping' },
    'kernel-up': { next: 'stopping', actions: [] },
    'start-failed': { next: 'down', actions: [] },
    'stop-asked': { refuse: 'it is stopping already' },
    'kill-asked': { next: 'stopping', actions: ['kill'] },
    'kernel-gone': { next: 'down', actions: ['apply-policy'] },
    adopted: 'impossible',
    'found-foreign': 'impossible',
    'foreign-gone': 'impossible',
  },
  foreign: {
    'start-asked': { refuse: 'it is foreign: a kernel runs that this monitor cannot vouch for' },
    'kernel-up': 'impossible',
    'start-failed': 'impossible',
    'stop-asked': { refuse: 'it is foreign: a kernel runs that this monitor cannot vouch for' },
    'kill-asked': { refuse: 'it is foreign: a kernel runs that this monitor cannot vouch for' },
    'kernel-gone': 'impossible',
    adopted: { next: 'running', actions: [] },
    'found-foreign': { next: 'foreign', actions: [] },
    'foreign-gone': { next: 'down', actions: [] },
  },
};

/** The states in the order of a life, for pages and tests. */
export const vmStates = Object.keys(lifecycle) as VmState[];
