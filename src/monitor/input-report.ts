/** Pure. */
import type { InputState } from '../console/input/input-gate.ts';
import type { EventLog } from './events/event-log.ts';

/** Publishes that a guest does not read the input of a console, and that it does so again. */
export function inputReporter(events: EventLog): (channel: string, input: InputState) => void {
  return (channel, { unread, waiting, isSeen }) => {
    if (waiting === 0) {
      events.publish('input-taken', `${channel}: the guest reads again`, { channel });
      return;
    }
    const known = isSeen ? `${unread} bytes unread` : 'its terminals cannot be seen';
    const text = `${channel}: the guest is not reading (${known}); ${waiting} bytes of input wait`;
    events.publish('input-waiting', text, { channel, unread, waiting });
  };
}
