import { monitorLimits } from '../system/limits.ts';
import { eventKinds } from './event-kinds.ts';

/** docs/events.md, the reference of all events. */
export function generateEventPage(): { path: string; text: string }[] {
  const rows = Object.entries(eventKinds).map(([kind, text]) => {
    const [means = '', attributes = ''] = text.split(' Attributes: ');
    return `| \`${kind}\` | ${means} | ${attributes.replace(/\.$/, '')} |`;
  });
  const text = `${beginning}
| kind | meaning | attributes |
| --- | --- | --- |
${rows.join('\n')}
`;
  return [{ path: 'docs/events.md', text }];
}

const { eventsKept, eventText } = monitorLimits;

const beginning = `<!-- Generated from src/monitor/event-kinds.ts by \`npm run generate\`: change that file, not this page. -->

# Events

A monitor publishes what happens to its VM. \`umlwatch VM -events\` prints events as they come, and
\`umlwatch VM -events -since 1\` also the earlier ones; programs use the procedure EVENTS of the
[control protocol](protocol.md). The log of the monitor, \`VARDIR/VM/log/monitor\`, has the same events.

An event has a sequence number, a time in milliseconds since 1970, a kind, a text for people, and attributes for
programs (names and values, both text). Numbers begin with 1 at the start of the monitor and have no gaps. The monitor keeps
the newest ${eventsKept}; who asks for older ones gets the error EVENTS_LOST. Texts and values longer than
${eventText} characters are cut.
`;
