/** Pure. */
import type { LinkStatus } from '../../network/plan/link.ts';
import type { EventLog } from '../events/event-log.ts';
import type { Interface } from './networks.ts';

/** Publishes that the guest has set an interface up or down. */
export function linkReporter(
  events: Pick<EventLog, 'publish'>,
): (one: Interface, link: LinkStatus['link']) => void {
  return ({ plan: { unit, guest } }, state) =>
    events.publish('link', `${guest} is ${state === 'unknown' ? 'without its tap' : state}`, {
      unit,
      interface: guest,
      state,
    });
}
