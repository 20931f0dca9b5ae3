import type { MonitorClient } from '../../rpc/client/monitor-client.ts';
import type { Event } from '../../rpc/umlmonctrl.gen.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import { clientLimits } from '../../system/limits/limits.ts';

/** The run of a guest before a command that may end it. */
export interface LeavingRun {
  /** Of the kernel; 0 if the VM was stopped. */
  readonly kernelPid: number;
  /** The number of the first event that counts. */
  readonly since: number;
}

/** Milliseconds after the end of a run until its monitor has reported a restart. */
const sequelMs = 1000;
/** Milliseconds that one call waits for events. */
const callMs = clientLimits.callWait;

/** Shell commands that stop or restart the guest. */
const endings = /(?:^|[\s;&|/])(?:reboot|halt|poweroff|shutdown|kexec|init [06]|telinit [06])(?:$|[\s;&|])/;
/** What the management console does that. */
const consoleEndings = /^(?:reboot|halt|cad|sysrq [bBoO])$/;

/** Whether a command may end the run of the guest, so that a wait is for the next run. */
export function mayEndGuest(word: string, text: string): boolean {
  switch (word) {
    case 'ctrlaltdel':
      return true;
    case 'run':
    case 'send':
      return endings.test(text);
    case 'sysrq':
      return /^[bo]$/i.test(text);
    case 'mconsole':
      return consoleEndings.test(text.trim());
    default:
      return false;
  }
}

/**
 * Follows the events of a run that ends, until the next run has started (`begun`). Pure except for its own state.
 *
 * @throws UmlmonError WAIT_STOPPED when no policy starts the VM again
 */
export class NextRun {
  readonly #vm: string;
  /** The old run is over. */
  isOver = false;
  /** A policy starts the next one. */
  isComing = false;

  constructor(vm: string) {
    this.#vm = vm;
  }

  take({ kind, text, attributes }: Event): 'begun' | undefined {
    const to = attributes.find(({ name }) => name === 'to')?.value;
    if (kind === 'state' && to === 'stopped') [this.isOver, this.isComing] = [true, false];
    else if (kind === 'state' && to === 'starting' && this.isOver) return 'begun';
    else if (kind === 'restart') this.isComing = true;
    else if (kind === 'restart-limit' || kind === 'preserved') throw this.down(text);
    return undefined;
  }

  down(why: string): UmlmonError {
    return new UmlmonError('WAIT_STOPPED', {
      place: this.#vm,
      cause: `the VM stopped, and nothing starts it again: ${why}`,
      hint: `umlwatch ${this.#vm} -start; on_reboot and on_poweroff of the configuration select what follows`,
    });
  }
}

/**
 * Waits until the old run has ended and the next one has started. Resolves to the number of the next event to read, or
 * to undefined on a timeout with the old run. Errors: WAIT_STOPPED, EVENTS_*.
 */
export async function untilNextRun(
  client: MonitorClient,
  vm: string,
  { kernelPid, since }: LeavingRun,
  deadline: number,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const info = await client.call('info', undefined, signal);
  if (info.kernelPid !== 0 && info.kernelPid !== kernelPid) return info.eventsNext;
  const run = new NextRun(vm);
  let from = since;
  let sequelBy = Number.POSITIVE_INFINITY;
  for (;;) {
    const now = performance.now();
    if (now >= sequelBy) throw run.down('no policy does');
    if (now >= deadline) return undefined;
    const waitMs = Math.ceil(Math.min(deadline - now, sequelBy - now, callMs));
    const list = await client.call('events', { since: from, max: 64, waitMs }, signal);
    for (const event of list.events) if (run.take(event)) return event.sequence;
    from = list.next;
    if (!run.isOver || run.isComing) sequelBy = Number.POSITIVE_INFINITY;
    else if (sequelBy === Number.POSITIVE_INFINITY) sequelBy = performance.now() + sequelMs;
  }
}
