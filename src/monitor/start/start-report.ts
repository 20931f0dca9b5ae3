import type { Step } from '../../plan/plan.ts';
import type { Clock } from '../../system/clock.ts';
import type { Channels } from '../consoles/channels.ts';
import type { EventLog } from '../events/event-log.ts';
import type { RunningKernel } from '../running-kernel.ts';

/** Publishes the progress of one start, from its request on. */
export class StartReport {
  readonly #began: number;
  readonly #events: Pick<EventLog, 'publish'>;
  readonly #clock: Clock;

  constructor(events: Pick<EventLog, 'publish'>, clock: Clock) {
    this.#began = clock.now();
    this.#events = events;
    this.#clock = clock;
  }

  step(step: Step['do']): void {
    const elapsedMs = this.elapsedMs();
    this.#events.publish('start-step', `${step}, after ${elapsedMs} ms`, { step, elapsed_ms: elapsedMs });
  }

  /** Returns a line for users. */
  kernelUp({ pid, version }: RunningKernel): string {
    const elapsedMs = this.elapsedMs();
    const text = `kernel ${pid} is up after ${elapsedMs} ms: ${version}`;
    this.#events.publish('kernel-up', text, { pid, version, elapsed_ms: elapsedMs });
    return `running, ${version.replace(/^(Linux \S+).*/, '$1')}, ${(elapsedMs / 1000).toFixed(2)} s`;
  }

  /** Milliseconds since the request. */
  elapsedMs(): number {
    return Math.round(this.#clock.now() - this.#began);
  }
}

/** Publishes that a kernel of a previous monitor was taken over, and how much output was lost meanwhile. */
export function reportAdoption(
  { pid, version }: RunningKernel,
  channels: Channels,
  events: Pick<EventLog, 'publish'>,
): void {
  const maybeLost = channels.infos().reduce((sum, info) => sum + info.maybeLost, 0);
  const missing =
    maybeLost > 0 ? `up to ${maybeLost} bytes are missing in the logs` : 'the logs are complete';
  const text = `kernel ${pid} taken over: ${version}; ${missing}, except output on a full con0`;
  events.publish('adopted', text, { pid, maybe_lost: maybeLost });
}
