/** Every kind of event that a monitor publishes; docs/events.md is printed from this table. */
export const eventKinds = {
  'monitor-started': 'The monitor serves its control socket. Attributes: pid.',
  'former-monitor': 'The monitor before this one did not end in order. Attributes: pid, why.',
  'tcp-listening':
    'The monitor also serves TCP. Attributes: address, port, fingerprint (SHA-256 of its certificate; empty without TLS).',
  'monitor-leaving': 'The monitor ends. Attributes: reason (a signal), way (stop, when-down or keep).',
  state: 'The VM has entered another state. Attributes: from, to.',
  'operation-began': 'A start, stop, kill, backup or restore began. Attributes: id, name, by.',
  'operation-ended': 'It ended. Attributes: id, name, result (ok or an error code).',
  'job-began': 'A slow verb, such as a copy of a disk image, began. Attributes: id, name, by.',
  'job-ended': 'It ended. Attributes: id, name, by, result (ok, cancelled or an error code).',
  'start-step': 'A step of a start is done (umlmon -plan lists them). Attributes: step, elapsed_ms.',
  'stop-stage': 'A stage of an orderly stop. Attributes: stage (ctrl-alt-del, halt, kill), wait_ms.',
  'kernel-up': 'The kernel answers on its management console. Attributes: pid, version, elapsed_ms.',
  adopted: 'A kernel that a former monitor left was taken over. Attributes: pid, maybe_lost (bytes).',
  foreign: 'A kernel of the VM lives, but is not what was recorded; it is left alone. Attributes: why.',
  'cleaned-up': 'Leftovers of a former monitor were removed. Attributes: paths.',
  'made-again':
    'The control socket, the socket of the metrics or RUNDIR was removed while the monitor served, and the monitor made it again. Attributes: path.',
  ready:
    'The VM has reached a level of readiness; after an adoption, those reached before are told again. Attributes: level, elapsed_ms (since the start was asked for), ready (yes if this is the configured level, else no).',
  'guest-message':
    'Root in the guest wrote to /proc/mconsole. Attributes: text; of key=value also key and value.',
  panic: 'The guest kernel panicked. Attributes: text.',
  hang: 'The kernel does not answer any more, or the watchdog of the guest reports a hang. Attributes: by (mconsole, watchdog), policy (what on_hang says).',
  'hang-over': 'The kernel answers again. Attributes: lasted_ms.',
  exit: 'The kernel is gone. Attributes: cause, code, signal, asked_by.',
  trimmed: 'Memory that the guest had freed went back to the host. Attributes: before, after (bytes).',
  updated: 'Changed settings took effect. Attributes: keys.',
  hook: 'The program of **hook** was called. Attributes: moment (prepare, start, ready, stopped, release), result (ok, failed, signal, timeout, cancelled, unusable).',
  paused:
    'The guest stands still on request. Attributes: by, resumes_at (milliseconds since 1970; 0 = without limit).',
  resumed: 'It goes on. Attributes: by (pause_limit if its time was over), lasted_ms.',
  'crash-bundle': 'What is known of a death that nobody asked for was kept. Attributes: path.',
  restart: 'A policy starts the VM again. Attributes: policy, delay_ms.',
  'gave-up':
    'The guest has died too often: no policy starts it any more. Attributes: policy, deaths, window_ms.',
  kept: 'The VM stays down for inspection. Attributes: policy.',
  'ctrl-alt-del': 'Ctrl-Alt-Del was sent on request. Attributes: by.',
  'disk-plugged': 'A disk was given to the running kernel. Attributes: unit, path, by.',
  'disk-unplugged': 'A disk was taken from the running kernel. Attributes: unit, by.',
  'interface-plugged': 'A network interface was given to the running kernel. Attributes: unit, kind, by.',
  link: 'The guest has set an interface up or down. Attributes: unit, interface (its name in the guest), state (up, down, or unknown if its tap is gone).',
  'network-repaired':
    'Something that the VM needs on the host was wiped there (a table of nftables, an address, a route, a port of a bridge), and umlmon has made it again. Attributes: what.',
  'network-warning':
    'Something of the host stands in the way of the VM’s network: it is gone and is not made again, or another program drops the traffic. Attributes: what, hint.',
  'network-well': 'A warning is over. Attributes: what.',
  'interface-unplugged': 'A network interface was taken from the running kernel. Attributes: unit, by.',
  backup:
    'A backup is complete. Attributes: backup (its name), consistency (frozen, synced, crash), pause_ms (from the request to freeze, if backup_freeze is set), as_wanted (no: backup_freeze is set, and the backup is not frozen).',
  'restore-settled': 'A restore that a former monitor began was finished, or undone. Attributes: none.',
  login: 'A client over TCP has proved that it knows a password. Attributes: role, address.',
  'login-refused':
    'Clients over TCP were refused before they had proved who they are. Those of a minute are told together. Attributes: count, address (of a single one).',
  mconsole: 'A command of the management console was given on request. Attributes: by, command.',
  'console-attached': 'A viewer opened a seat. Attributes: channel, by.',
  'console-detached': 'A viewer left. Attributes: channel, by.',
  'console-writer':
    'Among several at a console, another one types now. Attributes: channel, by (empty: nobody), seat and former (numbers of seats; 0 = none).',
  'input-waits':
    'Input of a console waits, since the guest does not read it. Attributes: channel, unread (bytes that the guest has, at most), waiting (bytes that were offered last).',
  'input-taken': 'The guest has read, and takes the input. Attributes: channel.',
  'console-note': 'A note was written into the output of a console. Attributes: channel, by, text.',
  'over-share':
    'Somebody had its share of a table (docs/limits.md), and was refused; others were not. Those of a minute are told together. Attributes: count, table and peer (of the last one).',
  'log-resumed':
    'A log is written again after a trouble with it. Attributes: path, missing (bytes; of security.log, lines).',
  trouble: 'Something went wrong that does not stop the VM. Attributes: code, place.',
} as const;

export type EventKind = keyof typeof eventKinds;

/** Kinds that somebody who looks after the host should see; they have the level of a warning in logs. */
const warnings: ReadonlySet<string> = new Set<EventKind>([
  'former-monitor',
  'foreign',
  'panic',
  'hang',
  'crash-bundle',
  'gave-up',
  'kept',
  'made-again',
  'login-refused',
  'over-share',
  'network-repaired',
  'network-warning',
  'trouble',
]);

/** The level of an event in the log of the monitor. */
export function levelOf(
  kind: string,
  attributes: Readonly<Record<string, string>>,
): 'info' | 'warn' | 'error' {
  if (kind === 'operation-ended' || kind === 'job-ended')
    return ['ok', 'cancelled'].includes(attributes.result ?? 'ok') ? 'info' : 'error';
  if (kind === 'hook') return ['ok', 'cancelled'].includes(attributes.result ?? '') ? 'info' : 'warn';
  if (kind === 'backup' && attributes.as_wanted === 'no') return 'warn';
  return warnings.has(kind) ? 'warn' : 'info';
}

/**
 * Who causes an event, and so whose part of the events that are kept it takes: `vm`, what the VM and its monitor do; `guest`,
 * what the guest may say as often as it likes; `client`, what a client may do as often as it likes, also with a low role.
 */
export const eventCauses: Readonly<Record<EventKind, 'vm' | 'guest' | 'client'>> = {
  'monitor-started': 'vm',
  'former-monitor': 'vm',
  'tcp-listening': 'vm',
  'monitor-leaving': 'vm',
  state: 'vm',
  'operation-began': 'vm',
  'operation-ended': 'vm',
  'job-began': 'client',
  'job-ended': 'client',
  'start-step': 'vm',
  'stop-stage': 'vm',
  'kernel-up': 'vm',
  adopted: 'vm',
  foreign: 'vm',
  'cleaned-up': 'vm',
  'made-again': 'vm',
  ready: 'vm',
  'guest-message': 'guest',
  panic: 'vm',
  hang: 'vm',
  'hang-over': 'vm',
  exit: 'vm',
  trimmed: 'client',
  updated: 'vm',
  hook: 'vm',
  paused: 'client',
  resumed: 'client',
  'crash-bundle': 'vm',
  restart: 'vm',
  'gave-up': 'vm',
  kept: 'vm',
  'ctrl-alt-del': 'client',
  'disk-plugged': 'client',
  'disk-unplugged': 'client',
  'interface-plugged': 'client',
  link: 'guest',
  'interface-unplugged': 'client',
  'network-repaired': 'vm',
  'network-warning': 'vm',
  'network-well': 'vm',
  backup: 'vm',
  'restore-settled': 'vm',
  login: 'client',
  'login-refused': 'vm',
  mconsole: 'client',
  'console-attached': 'client',
  'console-detached': 'client',
  'console-writer': 'client',
  'input-waits': 'client',
  'input-taken': 'client',
  'console-note': 'client',
  'over-share': 'vm',
  'log-resumed': 'vm',
  trouble: 'vm',
};
