import type { Readiness, VmState } from '../../rpc/umlmonctrl.gen.ts';
import { serviceLimits } from '../../system/limits/limits.ts';
import type { ServiceManager } from '../../system/service-manager.ts';
import { redactText } from '../endings/redact.ts';
import type { Leaving } from './exit-modes.ts';

/** A VM as a service manager may see it. */
export interface ReportedVm {
  readonly state: VmState;
  /** Whether it is on its way up. */
  readonly isComing: boolean;
  readonly readiness: Readiness;
}

/** Tells the service manager how the VM is: as its status, and once that the service is up. */
export class ServiceReport {
  readonly #manager: ServiceManager;
  readonly #look: () => ReportedVm;
  #status = '';
  /** What became of the last operation, if it failed. */
  #failure = '';
  #isUp = false;
  #hasBegun = false;
  #isDue = false;
  #giveUp: NodeJS.Timeout | undefined;

  constructor(manager: ServiceManager, look: () => ReportedVm) {
    this.#manager = manager;
    this.#look = look;
  }

  /**
   * The monitor serves. The service is up now, or, if the VM is being booted, when it is ready or will not be; but after
   * serviceLimits.readyWait in any case.
   */
  begin(): void {
    this.#hasBegun = true;
    // It was taken over, and has been up before.
    if (this.#look().state === 'running') this.#up();
    else this.#giveUp = setTimeout(() => this.#up(), serviceLimits.readyWait).unref();
    this.#tell();
  }

  /** Something has happened; told when all that belongs to it has happened too. */
  changed(kind: string, text: string, result: string): void {
    // Every user of the host may read a status: what sounds like a secret stays out of it.
    if (kind === 'operation-ended') this.#failure = result === 'ok' ? '' : redactText(text, []);
    if (this.#isDue || !this.#hasBegun) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      this.#tell();
    });
  }

  /** The monitor ends, which may take `stopMs` where the guest is stopped first. */
  leave(way: Leaving['way'], stopMs: number): void {
    if (way === 'when-down') return;
    const patience = (way === 'stop' ? stopMs : 0) + serviceLimits.stopReserve;
    this.#manager.tell({ STOPPING: '1', EXTEND_TIMEOUT_USEC: String(patience * 1000) });
  }

  #tell(): void {
    const vm = this.#look();
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

/** `running, ready`; `running, guest not reached yet`; `down; start failed: …` */
export function statusText({ state, readiness }: Omit<ReportedVm, 'isComing'>, failure: string): string {
  if (state === 'running')
    return readiness.ready ? 'running, ready' : `running, ${readiness.configured} not reached yet`;
  return failure === '' ? state : `${state}; ${failure}`;
}
