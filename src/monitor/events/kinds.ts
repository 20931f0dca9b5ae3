/** All kinds of events of a monitor. docs/events.md is generated from this table. */
export const eventKinds = {
  'monitor-started': 'The monitor serves its control socket. Attributes: pid.',
  'previous-monitor': 'The previous monitor did not shut down cleanly. Attributes: pid, why.',
  'tcp-listening':
    'The monitor also serves TCP. Attributes: address, port, fingerprint (SHA-256 of its certificate; empty without TLS).',
  'monitor-exiting':
    'The monitor shuts down. Attributes: reason (a signal), way (stop, when-stopped or keep).',
  state: 'The VM has entered another state. Attributes: from, to.',
  'operation-started': 'A start, stop, kill, backup or restore has started. Attributes: id, name, by.',
  'operation-ended': 'An operation has finished. Attributes: id, name, result (ok or an error code).',
  'job-started': 'A slow disk command, such as the copy of an image, has started. Attributes: id, name, by.',
  'job-ended': 'A job has finished. Attributes: id, name, by, result (ok, cancelled or an error code).',
  'start-step': 'A step of a start is done (umlmon -plan lists them). Attributes: step, elapsed_ms.',
  'stop-stage': 'A stage of a clean stop. Attributes: stage (ctrl-alt-del, halt, kill), wait_ms.',
  'kernel-up': 'The kernel answers on its management console. Attributes: pid, version, elapsed_ms.',
  adopted: 'A kernel of the previous monitor was taken over. Attributes: pid, maybe_lost (bytes).',
  unmanaged:
    'A kernel of the VM runs that does not match the record; the monitor does not change it. Attributes: why.',
  'cleaned-up': 'Leftovers of a previous monitor were removed. Attributes: paths.',
  recreated:
    'The control socket, the metrics socket or RUNDIR was removed while the monitor served, and the monitor recreated it. Attributes: path.',
  ready:
    'The VM has reached a level of readiness. After a takeover, the levels that were reached before are published again. Attributes: level, elapsed_ms (since the request of the start), ready (yes if this is the configured level, else no).',
  'guest-message':
    'Root in the guest wrote to /proc/mconsole. Attributes: text; of key=value also key and value.',
  panic: 'The guest kernel panicked. Attributes: text.',
  hang: 'The kernel does not answer, or the watchdog of the guest reports a hang. Attributes: by (mconsole, watchdog), policy (the value of on_hang).',
  'hang-ended': 'The kernel answers again. Attributes: lasted_ms.',
  exit: 'The kernel has ended. Attributes: cause, code, signal, asked_by.',
  trimmed: 'Memory that the guest had freed was returned to the host. Attributes: before, after (bytes).',
  updated: 'Changed settings took effect. Attributes: keys.',
  hook: 'The program of **hook** was called. Attributes: moment (prepare, start, ready, stopped, release), result (ok, failed, signal, timeout, cancelled, unusable).',
  paused:
    'The guest was paused on request. Attributes: by, resumes_at (milliseconds since 1970; 0 = without limit).',
  resumed: 'The guest was resumed. Attributes: by (pause_limit at the end of its time), lasted_ms.',
  'crash-bundle': 'A crash bundle was written after an unexpected exit. Attributes: path.',
  restart: 'A policy restarts the VM. Attributes: policy, delay_ms.',
  'restart-limit':
    'Too many unexpected exits: policies no longer start the VM. Attributes: policy, `deaths`, window_ms.',
  preserved: 'The VM is preserved for inspection. Attributes: policy.',
  'ctrl-alt-del': 'Ctrl-Alt-Del was sent on request. Attributes: by.',
  'disk-plugged': 'A disk was plugged into the running kernel. Attributes: unit, path, by.',
  'disk-unplugged': 'A disk was unplugged from the running kernel. Attributes: unit, by.',
  'interface-plugged': 'A network interface was plugged into the running kernel. Attributes: unit, kind, by.',
  link: 'The guest has set an interface up or down. Attributes: unit, interface (its name in the guest), state (up, down, or unknown if its tap is missing).',
  'network-repaired':
    'Another program removed a host resource of the VM (an nftables table, an address, a route, a port of a bridge), and umlmon restored it. Attributes: what.',
  'network-warning':
    'The network of the VM has a problem on the host: a resource is missing and not restored, or another program drops the traffic. Attributes: what, hint.',
  'network-recovered': 'A network-warning no longer applies. Attributes: what.',
  'interface-unplugged': 'A network interface was unplugged from the running kernel. Attributes: unit, by.',
  backup:
    'A backup is complete. Attributes: backup (its name), consistency (frozen, synced, crash), pause_ms (from the request to freeze, if backup_freeze is set), as_wanted (no: backup_freeze is set, and the backup is not frozen).',
  'restore-recovered':
    'A restore that a previous monitor had started was finished or undone. Attributes: none.',
  login: 'A client over TCP has logged in. Attributes: role, address.',
  'login-refused':
    'Clients over TCP were refused before their login. One event reports all refusals of a minute. Attributes: count, address (of a single client).',
  mconsole: 'A command was sent to the management console on request. Attributes: by, command.',
  'console-attached': 'A viewer attached to a console. Attributes: channel, by.',
  'console-detached': 'A viewer detached. Attributes: channel, by.',
  'console-controller':
    'Another viewer of a console has taken control, or control was released. Attributes: channel, by (empty: no viewer), viewer and former (numbers of viewers; 0 = none).',
  'input-waiting':
    'Input of a console waits because the guest does not read it. Attributes: channel, unread (bytes in the guest, at most), waiting (bytes of the last write).',
  'input-taken': 'The guest reads the input of a console again. Attributes: channel.',
  'console-note': 'A note was written into the output of a console. Attributes: channel, by, text.',
  'over-share':
    'A peer was refused because it had used its share of a table (docs/limits.md). One event reports all refusals of a minute. Attributes: count, table and peer (of the last refusal).',
  'log-resumed':
    'A log is written again after a failure. Attributes: path, missing (bytes; of security.log, lines).',
  warning: 'A warning: an error that does not stop the VM. Attributes: code, place.',
} as const;

export type EventKind = keyof typeof eventKinds;

/** Kinds that an administrator of the host should see: level warn in logs. */
const warnings: ReadonlySet<string> = new Set<EventKind>([
  'previous-monitor',
  'unmanaged',
  'panic',
  'hang',
  'crash-bundle',
  'restart-limit',
  'preserved',
  'recreated',
  'login-refused',
  'over-share',
  'network-repaired',
  'network-warning',
  'warning',
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
 * The cause of each kind: events of a cause share one part of the events that are held. `vm`: the VM and its monitor.
 * `guest`: a guest can cause any number of them. `client`: a client can cause any number of them, also with a low role.
 */
export const eventCauses: Readonly<Record<EventKind, 'vm' | 'guest' | 'client'>> = {
  'monitor-started': 'vm',
  'previous-monitor': 'vm',
  'tcp-listening': 'vm',
  'monitor-exiting': 'vm',
  state: 'vm',
  'operation-started': 'vm',
  'operation-ended': 'vm',
  'job-started': 'client',
  'job-ended': 'client',
  'start-step': 'vm',
  'stop-stage': 'vm',
  'kernel-up': 'vm',
  adopted: 'vm',
  unmanaged: 'vm',
  'cleaned-up': 'vm',
  recreated: 'vm',
  ready: 'vm',
  'guest-message': 'guest',
  panic: 'vm',
  hang: 'vm',
  'hang-ended': 'vm',
  exit: 'vm',
  trimmed: 'client',
  updated: 'vm',
  hook: 'vm',
  paused: 'client',
  resumed: 'client',
  'crash-bundle': 'vm',
  restart: 'vm',
  'restart-limit': 'vm',
  preserved: 'vm',
  'ctrl-alt-del': 'client',
  'disk-plugged': 'client',
  'disk-unplugged': 'client',
  'interface-plugged': 'client',
  link: 'guest',
  'interface-unplugged': 'client',
  'network-repaired': 'vm',
  'network-warning': 'vm',
  'network-recovered': 'vm',
  backup: 'vm',
  'restore-recovered': 'vm',
  login: 'client',
  'login-refused': 'vm',
  mconsole: 'client',
  'console-attached': 'client',
  'console-detached': 'client',
  'console-controller': 'client',
  'input-waiting': 'client',
  'input-taken': 'client',
  'console-note': 'client',
  'over-share': 'vm',
  'log-resumed': 'vm',
  warning: 'vm',
};
