import { setTimeout as delay } from 'node:timers/promises';
import type { MonitorClient } from '../../rpc/client/monitor-client.ts';
import type { VmInfo } from '../../rpc/umlmonctrl.gen.ts';
import { isErrorCode, toFailure } from '../../system/errors/errors.ts';
import { webLimits } from '../../system/limits/limits.ts';
import { keepServing } from '../hosts/reconnecting.ts';
import { absent, sampleOf, type VmReading } from '../sample.ts';
import type { WireEvent, WirePoint, WireVm } from '../wire.ts';

export interface VmListener {
  vm(vm: WireVm): void;
  events(events: readonly WireEvent[]): void;
}

/** Milliseconds that one call waits for events. */
const eventWait = 55_000;
const eventsAtOnce = 64;

/**
 * Watches one VM for all pages that show it: at each event, and while it runs also in intervals, for the graphs. Without a
 * page there is no watch, so it costs nothing.
 */
export class VmWatch {
  readonly name: string;
  readonly history: WirePoint[] = [];
  latest: WireVm | undefined;
  readonly #listener: VmListener;
  readonly #leave = new AbortController();
  #before: VmReading | undefined;
  #monitorPid = 0;
  /** Number of the next event of this monitor. */
  #next = 1;
  /** Something happened since the last look. */
  #isOld = false;
  #endWait: () => void = () => undefined;

  /** @param delayMs until the first measurement of a running VM, so that not all are measured at the same moment */
  constructor(name: string, connect: () => Promise<MonitorClient>, listener: VmListener, delayMs: number) {
    this.name = name;
    this.#listener = listener;
    void keepServing({
      connect,
      serve: (client) => this.#serve(client, delayMs),
      onError: (error) => {
        this.#before = undefined;
        this.#publish(absent(this.name, error, Date.now()));
      },
      signal: this.#leave.signal,
    });
  }

  close(): void {
    this.#leave.abort();
    this.#wake();
  }

  /** Until the connection ends, which one of the two loops finds out first. */
  async #serve(client: MonitorClient, delayMs: number): Promise<void> {
    const { state, eventsNext, monitorPid } = await this.#look(client);
    // Events from before the connection was lost are not sent again.
    if (monitorPid !== this.#monitorPid) this.#next = 1;
    this.#monitorPid = monitorPid;
    this.#next = Math.max(this.#next, eventsNext - webLimits.eventsOfVm);
    await Promise.race([this.#lookOften(client, state, delayMs), this.#listen(client)]);
  }

  async #lookOften(client: MonitorClient, first: string, delayMs: number): Promise<void> {
    let [state, wait] = [first, delayMs];
    while (!this.#leave.signal.aborted) {
      await this.#waitForNews(state === 'stopped' ? 0 : wait);
      wait = webLimits.pollTime;
      this.#isOld = false;
      ({ state } = await this.#look(client));
      await delay(webLimits.lookGap);
    }
  }

  /** Until an event, or for `ms` milliseconds; 0 = no longest time. */
  async #waitForNews(ms: number): Promise<void> {
    if (this.#isOld) return;
    await new Promise<void>((resolve) => {
      const timer = ms > 0 ? setTimeout(resolve, ms) : undefined;
      this.#endWait = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #wake(): void {
    this.#isOld = true;
    this.#endWait();
  }

  async #listen(client: MonitorClient): Promise<void> {
    while (!this.#leave.signal.aborted) {
      const request = { since: this.#next, max: eventsAtOnce, waitMs: eventWait };
      const list = await client.call('events', request).catch((error: unknown) => {
        if (!isLost(error)) throw error;
        return { events: [], next: 0 };
      });
      this.#next = list.next;
      if (list.events.length === 0) continue;
      this.#listener.events(
        list.events.map(({ sequence, time, kind, text }) => ({
          vm: this.name,
          sequence,
          // The clock of another host may be ahead, and its events would stay the newest.
          time: Math.min(time, Date.now()),
          kind,
          text,
        })),
      );
      this.#wake();
    }
  }

  async #look(client: MonitorClient): Promise<VmInfo> {
    const info = await client.call('info', undefined);
    // A guest that hangs, boots or is paused cannot be measured.
    const isAwake = info.state === 'running' && !info.paused && info.hungSince === 0;
    const stats = isAwake ? await client.call('stats', undefined).catch(onlyFailed) : undefined;
    const look: VmReading = { time: Date.now(), on: performance.now(), info, stats };
    const before = this.#before;
    const vm = sampleOf(this.name, look, before);
    // Two measurements that an event brings close together are too short for rates.
    const isSoon = before?.info.kernelPid === info.kernelPid && look.on - before.on < webLimits.rateTime;
    if (isSoon && this.latest) this.#publish({ ...vm, point: this.latest.point });
    else {
      this.#before = look;
      this.#publish(vm);
    }
    return info;
  }

  #publish(vm: WireVm): void {
    if (this.#leave.signal.aborted) return;
    const isNew = vm.state !== 'no-monitor' || this.latest?.state !== 'no-monitor';
    if (this.latest?.point !== vm.point) this.history.push(vm.point);
    this.latest = vm;
    if (this.history.length > webLimits.history) this.history.shift();
    if (isNew) this.#listener.vm(vm);
  }
}

function isLost(error: unknown): boolean {
  return toFailure(error).code === 'EVENTS_LOST';
}

/** Values that the monitor cannot measure are unknown; the loss of the connection is another error. */
function onlyFailed(error: unknown): undefined {
  const { code } = toFailure(error);
  if (code === 'MONITOR_UNREACHABLE' || code === 'RPC_PROTOCOL' || !isErrorCode(code)) throw error;
}
