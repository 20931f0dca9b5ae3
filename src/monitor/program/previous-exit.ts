import { UmlmonError } from '../../system/errors/errors.ts';
import { badEndOf, type MonitorEnd } from '../../system/errors/monitor-exit-record.ts';
import type { EventLog } from '../events/event-log.ts';
import type { Warnings } from '../warnings.ts';

/** Publishes how the previous monitor ended, unless it was a clean shutdown. */
export function reportPreviousEnd(
  previous: MonitorEnd | undefined,
  events: Pick<EventLog, 'publish'>,
  warnings: Pick<Warnings, 'report'>,
): void {
  const why = previous && badEndOf(previous);
  if (!previous?.served || why === undefined) return;
  const { pid, failed } = previous;
  events.publish('previous-monitor', `the previous monitor, process ${pid}: ${why}`, { pid, why });
  if (failed)
    warnings.report(
      new UmlmonError('MONITOR_FAULT', {
        place: `previous monitor, process ${pid}`,
        cause: why,
        hint: 'log/monitor-end.json in the directory of the VM has the details',
      }),
    );
}
