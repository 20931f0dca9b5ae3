/** Starts pasta(1) for a jail, before its kernel starts. */
import { spawnSync } from 'node:child_process';
import { chmodSync, lstatSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { UmlmonError } from '../system/errors/errors.ts';
import { networkLimits } from '../system/limits/limits.ts';
import { printable } from '../system/text.ts';
import type { NetworkPrograms } from './configure.ts';
import type { UserPlan } from './plan/pasta-plan.ts';

export interface UserPrograms extends Pick<NetworkPrograms, 'ip' | 'pasta' | 'nsenter'> {
  /** Words that make a program one of the user of the VM; none if that is our own. */
  readonly become: readonly string[];
}

/**
 * pasta goes into the background when its ports and its tap are there. It ends when `disconnectUser` is called, by this
 * process or another one.
 *
 * @param jail a process in the namespaces
 * @throws UmlmonError NETWORK_COMMAND
 */
export function connectUser(
  { ip, pasta, nsenter, become }: UserPrograms,
  { link, options, inside }: UserPlan,
  jail: number,
): void {
  if (pasta === undefined || nsenter === undefined) throw new Error('no programs for a network without root');
  const [user, network] = [`/proc/${jail}/ns/user`, `/proc/${jail}/ns/net`];
  disconnectUser(link);
  mkdirSync(dirname(link));
  // pasta, as the user of the VM, must be able to watch it.
  chmodSync(dirname(link), 0o755);
  symlinkSync(network, link);
  run([...become, pasta, ...options, '--userns', user, '--netns', link], '');
  // The user of the VM is root in that user namespace, and nowhere else.
  run(
    [
      ...[...become, nsenter, '--preserve-credentials', `--user=${user}`, `--net=${network}`],
      ...['--', ip, '-batch', '-'],
    ],
    inside.map((words) => `${words.join(' ')}\n`).join(''),
  );
}

/** pasta watches the directory of the link, and looks at one change only: so nothing else is in it. */
export function disconnectUser(link: string): void {
  rmSync(link, { force: true });
  rmSync(dirname(link), { recursive: true, force: true });
}

/** Whether pasta serves the interface of this link. */
export function isConnected(link: string): boolean {
  return lstatSync(link, { throwIfNoEntry: false }) !== undefined;
}

function run([program = '', ...args]: readonly string[], input: string): void {
  const { status, stderr, error } = spawnSync(program, args, {
    input,
    encoding: 'utf8',
    timeout: networkLimits.commandTime,
    maxBuffer: networkLimits.outputBytes,
    env: { LC_ALL: 'C' },
    cwd: '/',
  });
  if (status === 0 && !error) return;
  // It complains of a system log that is not there, too.
  const words = stderr.replace(/^Failed to send \d+ bytes to syslog$/gm, '').trim();
  throw new UmlmonError('NETWORK_COMMAND', {
    place: printable([program, ...args].join(' '), 300),
    cause: error?.message ?? (printable(words.replaceAll(/\n+/g, '; '), 500) || 'it failed without a word'),
    hint: 'see whether another program has a port of forward, and the host a default route',
  });
}
