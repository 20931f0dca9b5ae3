import { monitorLimits, securityLimits } from '../../system/limits/limits.ts';
import { securityKinds } from '../../system/logs/security-kinds.ts';
import { eventKinds } from '../events/kinds.ts';

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

${securityPart()}`;
  return [{ path: 'docs/events.md', text }];
}

function securityPart(): string {
  const { events, eventsOfPeer, foldTime, fileBytes, files, linesAtOnce, linesOfPeerAtOnce } = securityLimits;
  const rows = Object.entries(securityKinds).map(([kind, means]) => `| \`${kind}\` | ${means} |`);
  return `# Security events

Security events are held separately, so that other events do not displace them: the newest ${events}, at most
${eventsOfPeer} of a kind and peer. At the limit, the oldest event of the kind and peer with the most events is removed. Equal events
within ${foldTime / 1000} s are one, with a count. \`umlwatch VM -security\` prints them, the page of umlweb has them under Security, and programs use the
procedure SECURITY; all of that needs the role admin.

They are also lines of \`VARDIR/VM/log/security.log\`, a JSON document each: time (milliseconds since 1970), seq, kind, who, from (an
address, empty for local peers), what, result (ok, or an error code), and count if there were several. Its files have up to
${fileBytes / 1024} KiB, and ${files} older ones stay. ${linesAtOnce} lines of a kind are written at once, and ${linesOfPeerAtOnce} of one peer; further lines are counted
(\`unlogged\`). umlweb and umldir have such a log as well, see umlweb(8) and umldir(8), and umladmin writes changes of passwords and settings to
\`VARDIR/.security.log\`.

Who is \`uid N\` for a local user, \`ROLE at ADDRESS\` over TCP, and \`NAME@ADDRESS via PROXY\` for a user of a proxy such as
umlweb. The monitor knows only the proxy for certain; the proxy reports the rest.

| kind | meaning |
| --- | --- |
${rows.join('\n')}
`;
}

const { eventsKept, eventText } = monitorLimits;

const beginning = `<!-- Generated from src/monitor/events/kinds.ts by \`npm run generate\`: change that file, not this page. -->

# Events

A monitor publishes what happens to its VM. \`umlwatch VM -events\` prints events as they come, and
\`umlwatch VM -events -since 1\` also the earlier ones; programs use the procedure EVENTS of the
[control protocol](protocol.md). The log of the monitor, \`VARDIR/VM/log/monitor\`, has the same events.

An event has a sequence number, a time in milliseconds since 1970, a kind, a text for users, and attributes for
programs (names and values, both text). Numbers start with 1 at the start of the monitor. It holds
${eventsKept} events. The oldest events of the source with the most events are removed first: a client, the guest or a kind of
event. Their numbers are then missing. A read from before the oldest event fails with the error EVENTS_LOST. Texts and values
longer than ${eventText} characters are cut.
`;
