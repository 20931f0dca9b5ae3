import { closeSync } from 'node:fs';
import { isSystemError } from './errors/errors.ts';
import { serviceLimits } from './limits/limits.ts';
import { openDatagram, sendDatagram } from './native/native.ts';
import { printable } from './text.ts';

/** Variables of sd_notify(3). */
export type ServiceVariable =
  | 'READY'
  | 'RELOADING'
  | 'STATUS'
  | 'STOPPING'
  | 'EXTEND_TIMEOUT_USEC'
  | 'WATCHDOG';

/**
 * The service manager that started this process and expects notifications: systemd(1), or another one with the
 * protocol of sd_notify(3). Failed notifications are ignored.
 */
export class ServiceManager {
  readonly #path: string;
  readonly #fd: number;
  readonly #untold = new Map<ServiceVariable, string>();
  #retry: NodeJS.Timeout | undefined;
  #heartbeat: NodeJS.Timeout | undefined;

  /**
   * Undefined without a service manager. The variables are removed from the environment, so that children cannot send
   * notifications.
   */
  static open(environment: NodeJS.ProcessEnv): ServiceManager | undefined {
    const { NOTIFY_SOCKET: socket = '', WATCHDOG_USEC: within, WATCHDOG_PID: pid } = environment;
    delete environment.NOTIFY_SOCKET;
    delete environment.WATCHDOG_USEC;
    delete environment.WATCHDOG_PID;
    if (!/^[/@]/.test(socket)) return undefined;
    const isWatched = pid === undefined || pid === String(process.pid);
    return new ServiceManager(socket.replace(/^@/, '\0'), isWatched ? Number(within ?? 0) / 1000 : 0);
  }

  /** @param watchdogMs silence in milliseconds after which the manager considers this process hung; 0: no watchdog */
  private constructor(path: string, watchdogMs: number) {
    this.#path = path;
    this.#fd = openDatagram('');
    if (!(watchdogMs > 0)) return;
    // Half of the time, as sd_watchdog_enabled(3) recommends.
    this.#heartbeat = setInterval(() => this.tell({ WATCHDOG: '1' }), watchdogMs / 2);
    this.#heartbeat.unref();
  }

  /** Sends these variables, with those that could not be sent before. */
  tell(variables: Readonly<Partial<Record<ServiceVariable, string>>>): void {
    for (const [name, value] of Object.entries(variables) as [ServiceVariable, string][])
      this.#untold.set(name, printable(value, serviceLimits.statusText));
    this.#send();
  }

  #send(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    const text = [...this.#untold].map(([name, value]) => `${name}=${value}`).join('\n');
    try {
      sendDatagram(this.#fd, Buffer.from(text), this.#path);
      this.#untold.clear();
    } catch (error) {
      if (!isSystemError(error)) throw error;
      // EAGAIN: its queue is full. Other errors: it is gone.
      if (error.code === 'EAGAIN') this.#retry = setTimeout(() => this.#send(), serviceLimits.retry);
      else this.#untold.clear();
    }
  }

  close(): void {
    clearInterval(this.#heartbeat);
    clearTimeout(this.#retry);
    closeSync(this.#fd);
  }
}
