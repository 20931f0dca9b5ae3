import { UmlmonError } from '../../system/errors/errors.ts';
import { badEndOf, type MonitorEnd } from '../../system/errors/monitor-exit-record.ts';
import type { EventLog } from '../events/event-log.ts';

/** Tells in the events of a monitor how the one before it ended, unless that was in order. */
export function tellFormerEnd(
  former: MonitorEnd | undefined,
  { events, trouble }: { events: Pick<EventLog, 'publish'>; trouble: (error: unknown) => void },
): void {
  const why = former && badEndOf(former);
  if (!former?.served || why === undefined) return;
  events.publish('former-monitor', `the former monitor, process ${former.pid}: ${why}`, {
    pid: former.pid,
    why,
  });
  if (former.failed)
    trouble(
      new UmlmonError('MONITOR_FAULT', {
        place: `former monitor, process ${former.pid}`,
        cause: why,
        hint: 'log/monitor-end.json in the directory of the VM has the details',
      }),
    );
}
