import type { MonitorClient } from '../../../rpc/client/monitor-client.ts';
import type { Event } from '../../../rpc/umlmonctrl.gen.ts';
import { isErrorCode, UmlmonError } from '../../../system/errors/errors.ts';
import { adminLimits } from '../../../system/limits/limits.ts';

/** Events of a new monitor that starts no guest. */
const noBoot: ReadonlySet<string> = new Set(['adopted', 'unmanaged', 'restart-limit', 'preserved']);
/** Events asked for at once, and milliseconds that one call waits for them. */
const eventsAtOnce = 64;
const callMs = 10_000;

/**
 * Waits until a monitor that has just been started has booted its VM, or does not boot it. Resolves to whether that took
 * less than `timeoutMs`.
 *
 * @throws UmlmonError that of the start, if it fails
 */
export async function untilBooted(
  client: MonitorClient,
  vm: string,
  timeoutMs: number = adminLimits.bootWait,
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  let since = 1;
  for (;;) {
    const leftMs = Math.max(0, Math.ceil(deadline - performance.now()));
    const list = await client.call('events', { since, max: eventsAtOnce, waitMs: Math.min(leftMs, callMs) });
    for (const event of list.events) {
      if (noBoot.has(event.kind)) return true;
      if (event.kind !== 'operation-ended' || attributeOf(event, 'name') !== 'start') continue;
      if (attributeOf(event, 'result') === 'ok') return true;
      throw failureOfStart(event, vm);
    }
    since = list.next;
    if (leftMs === 0) return false;
  }
}

/** The text of the event is `start failed: PLACE: CAUSE (hint: HINT)`. */
function failureOfStart(event: Event, vm: string): UmlmonError {
  const result = attributeOf(event, 'result');
  const [, cause = event.text, hint = ''] =
    /^start failed: (.*?)(?: \(hint: (.*)\))?$/s.exec(event.text) ?? [];
  return new UmlmonError(isErrorCode(result) ? result : 'START_FAILED', {
    place: vm,
    cause: cause.startsWith(`${vm}: `) ? cause.slice(vm.length + 2) : cause,
    hint,
  });
}

function attributeOf({ attributes }: Event, name: string): string {
  return attributes.find((attribute) => attribute.name === name)?.value ?? '';
}
