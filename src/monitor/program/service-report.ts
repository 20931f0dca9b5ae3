import type { Readiness, VmState } from '../../rpc/umlmonctrl.gen.ts';
import { serviceLimits } from '../../system/limits/limits.ts';
import type { ServiceManager } from '../../system/service-manager.ts';
import { redactText } from '../endings/redact.ts';
import type { Leaving } from './exit-modes.ts';

/** A VM as a service manager may see it. */
export interface ReportedVm {
  readonly state: VmState;
  /** Whether a start is pending or in progress. */
  readonly isComing: boolean;
  readonly readiness: Readiness;
}

/** Reports the status of the VM to the service manager, and once that the service is up. */
export class ServiceReport {
  readonly #manager: ServiceManager;
  readonly #vm: { readonly reported: ReportedVm };
  #status = '';
  /** The failure of the last operation, or ''. */
  #failure = '';
  #isUp = false;
  #hasBegun = false;
  #isDue = false;
  #giveUp: NodeJS.Timeout | undefined;

  constructor(manager: ServiceManager, vm: { readonly reported: ReportedVm }) {
    this.#manager = manager;
    this.#vm = vm;
  }

  /**
   * The monitor serves. The service is up now; or, while the VM starts, when it is ready or has failed, at the latest after
   * serviceLimits.readyWait.
   */
  begin(): void {
    this.#hasBegun = true;
    // A kernel that was taken over.
    if (this.#vm.reported.state === 'running') this.#up();
    else this.#giveUp = setTimeout(() => this.#up(), serviceLimits.readyWait).unref();
    this.#send();
  }

  /** An event was published. Reported after the events that follow at once. */
  changed(kind: string, text: string, result: string): void {
    // Every user of the host can read a status: it contains no secrets.
    if (kind === 'operation-ended') this.#failure = result === 'ok' ? '' : redactText(text, []);
    if (this.#isDue || !this.#hasBegun) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      this.#send();
    });
  }

  /** The monitor shuts down; a stop of the guest takes up to `stopMs`. */
  leave(way: Leaving['way'], stopMs: number): void {
    if (way === 'when-stopped') return;
    const patience = (way === 'stop' ? stopMs : 0) + serviceLimits.stopReserve;
    this.#manager.tell({ STOPPING: '1', EXTEND_TIMEOUT_USEC: String(patience * 1000) });
  }

  #send(): void {
    const vm = this.#vm.reported;
    const status = statusText(vm, this.#failure);
    if (status !== this.#status) this.#manager.tell({ STATUS: status });
    this.#status = status;
    if (!vm.isComing) this.#up();
  }

  #up(): void {
    clearTimeout(this.#giveUp);
    if (!this.#isUp) this.#manager.tell({ READY: '1' });
    this.#isUp = true;
  }
}

/** `running, ready`; `running, guest not reached yet`; `stopped; start failed: …` */
export function statusText({ state, readiness }: Omit<ReportedVm, 'isComing'>, failure: string): string {
  if (state === 'running')
    return readiness.ready ? 'running, ready' : `running, ${readiness.configured} not reached yet`;
  return failure === '' ? state : `${state}; ${failure}`;
}
