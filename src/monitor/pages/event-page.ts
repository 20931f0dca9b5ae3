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

What concerns security is held apart from the events above, so that nothing else washes it out: the newest ${events}, at most
${eventsOfPeer} of a kind and peer; at the limit, the oldest of the kind and peer that have the most goes. Alike ones within ${foldTime / 1000} s
are one, with a count. \`umlwatch VM -security\` prints them, the page of umlweb has them under Security, and programs use the
procedure SECURITY; all of that needs the role admin.

They are also lines of \`VARDIR/VM/log/security.log\`, a JSON document each: time (milliseconds since 1970), seq, kind, who, from (an
address, empty for local peers), what, result (ok, or an error code), and count if there were several. Its files have up to
${fileBytes / 1024} KiB, and ${files} former ones stay. ${linesAtOnce} lines of a kind may come at once, and ${linesOfPeerAtOnce} of one peer; what is too much is told as a number
(\`unlogged\`). umlweb and umldir have such a log as well, see umlweb(8) and umldir(8), and umladmin writes changes of passwords and settings to
\`VARDIR/.security.log\`.

Who is \`uid N\` for a local user, \`ROLE at ADDRESS\` over TCP, and \`NAME@ADDRESS via PROXY\` for somebody for whom a proxy such as
umlweb calls: of that, the proxy is known for certain, and the rest is what it says.

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

An event has a sequence number, a time in milliseconds since 1970, a kind, a text for people, and attributes for
programs (names and values, both text). Numbers begin with 1 at the start of the monitor. It keeps
${eventsKept} events: of whatever makes most of them, a client, or the guest, or a kind of event, the oldest go first, and
their numbers are then missing. Who asks for what is before the oldest gets the error EVENTS_LOST. Texts and values longer than
${eventText} characters are cut.
`;
