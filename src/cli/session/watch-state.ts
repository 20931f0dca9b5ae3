import type { MonitorClient } from '../../rpc/client/monitor-client.ts';
import type { VmState } from '../../rpc/umlmonctrl.gen.ts';
import { clientLimits } from '../../system/limits/limits.ts';

/** Milliseconds that one call waits for events. */
const waitMs = clientLimits.callWait;

export interface StateChange {
  readonly to: VmState;
  /** As text: `down (poweroff)`, `running`. */
  readonly text: string;
}

/** Another one types at a console. */
export interface ControllerChange {
  readonly channel: string;
  /** Viewers; 0 for none. */
  readonly viewer: number;
  readonly former: number;
  readonly by: string;
}

export interface SessionEvents {
  readonly state: (change: StateChange) => void;
  readonly writer: (change: ControllerChange) => void;
}

/** Reports the events of a VM and its consoles from number `since` on, until the signal. Errors: MONITOR_UNREACHABLE. */
export async function watchState(
  client: MonitorClient,
  since: number,
  signal: AbortSignal,
  on: SessionEvents,
): Promise<void> {
  let next = since;
  let exit = '';
  while (!signal.aborted) {
    const list = await client.call('events', { since: next, max: 64, waitMs }, signal);
    for (const event of list.events) {
      const attribute = (name: string) => event.attributes.find((each) => each.name === name)?.value ?? '';
      if (event.kind === 'exit') exit = attribute('cause');
      if (event.kind === 'console-controller') {
        const [viewer, former] = [Number(attribute('viewer')), Number(attribute('former'))];
        on.writer({ channel: attribute('channel'), viewer, former, by: attribute('by') });
      }
      if (event.kind !== 'state') continue;
      const to = attribute('to') as VmState;
      on.state({ to, text: to === 'stopped' && exit ? `${to} (${exit})` : to });
    }
    next = list.next;
  }
}
