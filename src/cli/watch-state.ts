import type { MonitorClient } from '../rpc/monitor-client.ts';
import type { VmState } from '../rpc/umlmonctrl.gen.ts';

/** Milliseconds that one call waits for events. */
const waitMs = 30_000;

export interface StateChange {
  readonly to: VmState;
  /** For people: `down (poweroff)`, `running`. */
  readonly text: string;
}

/** Tells of each change of the VM's state from event number `since` on, until the signal. Errors: MONITOR_UNREACHABLE. */
export async function watchState(
  client: MonitorClient,
  since: number,
  signal: AbortSignal,
  onChange: (change: StateChange) => void,
): Promise<void> {
  let next = since;
  let exit = '';
  while (!signal.aborted) {
    const list = await client.call('events', { since: next, max: 64, waitMs }, signal);
    for (const event of list.events) {
      const attribute = (name: string) => event.attributes.find((each) => each.name === name)?.value ?? '';
      if (event.kind === 'exit') exit = attribute('cause');
      if (event.kind !== 'state') continue;
      const to = attribute('to') as VmState;
      onChange({ to, text: to === 'down' && exit ? `${to} (${exit})` : to });
    }
    next = list.next;
  }
}
