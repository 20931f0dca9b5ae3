/** How umladmin starts and ends monitors: as units of systemd where that is how the host runs them, else by itself. */

import { closeSync, existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isSystemPlace } from '../../config/file/locate.ts';
import { endOfProcess, openProcess, processIdentity, signalProcess } from '../../system/native/process.ts';
import { startInBackground } from '../../system/processes/background.ts';
import { findProgram } from '../../system/processes/find-program.ts';
import { requireHostCommand } from '../../system/processes/host-command.ts';

export interface HostMonitors {
  /** The configuration has changed. Errors: HOST_COMMAND. */
  reload(): Promise<void>;
  /** Starts the monitor of a VM, which outlives us. Errors: those of umlmon(8), HOST_COMMAND. */
  start(vm: string): Promise<{ readonly text: string; readonly notes: readonly string[] }>;
  /**
   * Has a monitor end, which stops its guest in order if that is still there. Errors: HOST_COMMAND, the reason of the
   * signal, which ends the wait only.
   */
  end(vm: string, pid: number, signal: AbortSignal): Promise<void>;
}

/**
 * The units of umlmon@.service read the configuration of the host: with another one, monitors are started directly.
 *
 * @param file the main file of the configuration
 */
export async function monitorsOf(file: string): Promise<HostMonitors> {
  const withSystemd = existsSync('/run/systemd/system') && process.geteuid?.() === 0 && isSystemPlace(file);
  return withSystemd && (await hasUnit()) ? units : directly(file);
}

function directly(file: string): HostMonitors {
  return {
    reload: async () => undefined,
    async start(vm) {
      const { pid, warnings } = await startInBackground([besideUs('umlmon'), '-config', file, vm]);
      return { text: `monitor ${pid} started`, notes: warnings };
    },
    end: (_vm, pid, signal) => endMonitor(pid, signal),
  };
}

/** A file of umlmon that is beside this program, whatever link that was called by. */
export function besideUs(name: string): string {
  return join(dirname(realpathSync(process.argv[1] ?? '')), name);
}

async function endMonitor(pid: number, signal: AbortSignal): Promise<void> {
  const identity = processIdentity(pid);
  const pidfd = identity && openProcess(identity);
  if (pidfd === undefined) return;
  try {
    if (signalProcess(pidfd, 'SIGTERM')) await endOfProcess(pidfd, signal);
  } finally {
    closeSync(pidfd);
  }
}

const unitOf = (vm: string) => `umlmon@${vm}.service`;

const units: HostMonitors = {
  // The generator of umlmon writes the order and the limits of all VMs for systemd again.
  reload: () => systemctl('umlmon.target', ['daemon-reload']),
  async start(vm) {
    await systemctl(vm, ['start', unitOf(vm)]);
    return { text: `${unitOf(vm)} started`, notes: [] };
  },
  async end(vm, pid, signal) {
    await systemctl(vm, ['stop', unitOf(vm)], signal);
    // A monitor that was started by hand belongs to no unit.
    await endMonitor(pid, signal);
  },
};

async function hasUnit(): Promise<boolean> {
  try {
    await systemctl('umlmon@.service', ['cat', 'umlmon@.service']);
    return true;
  } catch {
    return false;
  }
}

async function systemctl(place: string, args: readonly string[], signal?: AbortSignal): Promise<void> {
  await requireHostCommand(
    { program: findProgram('systemctl', 'systemd'), args, signal },
    {
      code: 'HOST_COMMAND',
      place,
      hint: `journalctl -u ${args.at(-1)}`,
      clean: (words) => `systemctl ${args.join(' ')}: ${words.trim()}`,
    },
  );
}
