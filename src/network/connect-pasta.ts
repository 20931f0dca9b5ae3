/** Starts pasta(1) for a jail, before its kernel starts. */
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { networkLimits } from '../system/limits/limits.ts';
import { requireHostCommand } from '../system/processes/host-command.ts';
import { batchOf } from './host/run-ip.ts';
import type { NetworkPrograms } from './network-programs.ts';
import { disconnectUser } from './pasta-link.ts';
import type { PastaPlan } from './plan/pasta-plan.ts';

export interface UserPrograms extends Pick<NetworkPrograms, 'ip' | 'pasta' | 'nsenter'> {
  /** The command before a program that runs it as the user of the VM; empty if that is the user of this process. */
  readonly become: readonly string[];
}

/**
 * pasta goes into the background when its ports and its tap are there. It exits when `disconnectUser` is called, by this
 * process or another one.
 *
 * @param jail a process in the namespaces
 * @throws UmlmonError NETWORK_COMMAND
 */
export async function connectUser(
  { ip, pasta, nsenter, become }: UserPrograms,
  { link, options, inside }: PastaPlan,
  jail: number,
): Promise<void> {
  if (pasta === undefined || nsenter === undefined) throw new Error('no programs for a network without root');
  const [user, network] = [`/proc/${jail}/ns/user`, `/proc/${jail}/ns/net`];
  disconnectUser(link);
  mkdirSync(dirname(link));
  // pasta, as the user of the VM, must be able to watch it.
  chmodSync(dirname(link), 0o755);
  symlinkSync(network, link);
  await run([...become, pasta, ...options, '--userns', user, '--netns', link]);
  // The user of the VM is root in that user namespace only.
  await run(
    [
      ...[...become, nsenter, '--preserve-credentials', `--user=${user}`, `--net=${network}`],
      ...['--', ip, '-batch', '-'],
    ],
    batchOf(inside),
  );
}

async function run([program = '', ...args]: readonly string[], input?: string): Promise<void> {
  const { commandTime: timeMs, outputBytes } = networkLimits;
  await requireHostCommand(
    { program, args, timeMs, outputBytes, ...(input === undefined ? {} : { input }) },
    {
      code: 'NETWORK_COMMAND',
      place: [program, ...args].join(' '),
      hint: 'see whether another program has a port of forward, and whether the host has a default route',
      // A host without a system log is no reason to fail.
      clean: (words) => words.replaceAll(/^Failed to send \d+ bytes to syslog$/gm, ''),
    },
  );
}
