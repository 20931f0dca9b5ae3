import { closeSync } from 'node:fs';
import { join } from 'node:path';
import type { GlobalConfig, VmConfig } from '../../config/config.ts';
import { requireTrusted } from '../../config/file/untrusted-directories.ts';
import { problemText } from '../../config/problem.ts';
import { ConsoleLog } from '../../console/log.ts';
import { makeDirectories, ownIds } from '../../jail/directories.ts';
import { jailDirectories, type VmLayout } from '../../jail/layout.ts';
import {
  type AskAccounts,
  askHost,
  groupOfWeb,
  resolveGroup,
  type VmUser,
  webUser,
} from '../../jail/user.ts';
import { vmUser } from '../../plan/facts/inventory.ts';
import { type DaemonExit, LastWord } from '../../system/errors/daemon-exit.ts';
import { toFailure, UmlmonError } from '../../system/errors/errors.ts';
import { type MonitorEnd, readMonitorEnd, writeMonitorEnd } from '../../system/errors/monitor-exit-record.ts';
import { heldLock } from '../../system/files/held-lock.ts';
import { ErrorLog } from '../../system/logs/error-log.ts';
import { openLog } from '../../system/logs/log.ts';
import { ServiceManager } from '../../system/service-manager.ts';
import type { LocalUsers } from '../endpoints/local-role.ts';
import { takePassedDescriptors } from '../networks/passed-descriptors.ts';
import { type ConfigSource, layoutFor, readVmConfig } from '../start/config-source.ts';
import { type Leaving, leaveSignal } from './exit-modes.ts';
import { Monitor } from './monitor.ts';
import { takeMonitorLock } from './monitor-lock.ts';
import { removePidFile } from './pid-file.ts';

export interface DaemonRequest extends ConfigSource {
  /** Log to standard error instead of VARDIR/VM/log/monitor. */
  readonly foreground: boolean;
  /** Called when the control socket answers, with what is unusual in the configuration. */
  readonly onReady: (warnings: readonly string[]) => void;
}

/**
 * The monitor of one VM, from its start to its end. Everything it acquires is released at the end, in reverse
 * order. After a SIGKILL the host kernel releases the lock, and the next monitor replaces what is left.
 *
 * Errors: CONFIG_*, MONITOR_RUNNING, JAIL_DIRECTORY, BACKUP_DIRECTORY, HOST_SYSTEM_CALL.
 */
export async function runDaemon(request: DaemonRequest): Promise<void> {
  const { config, vm: vmConfig, warnings } = readVmConfig(request);
  if (vmConfig.start === 'off')
    throw new UmlmonError('VM_OFF', {
      place: vmConfig.name,
      cause: 'the configuration has start = off',
      hint: 'set start = manual, or boot',
    });
  requireTrusted(config.global, { ...vmConfig, hook: '' });
  const layout = layoutFor(config, vmConfig);
  // Without root our group may be that of all users.
  process.umask(process.geteuid?.() === 0 ? 0o027 : 0o077);
  await prepareDirectories(layout, vmConfig);
  // Sockets are named relative to this directory: their names then mean the same here and in the jail.
  process.chdir(layout.home);
  const lockFd = takeMonitorLock(layout);
  const logFile = request.foreground ? undefined : monitorLog(layout, vmConfig);
  const ownLog = logFile ?? new ErrorLog();
  const log = openLog(layout.vm, ownLog);
  takePassedDescriptors();
  const manager = ServiceManager.open(process.env);
  let monitor: Monitor | undefined;
  const previous = readMonitorEnd(layout.monitorEnd);
  const record = new EndRecord(layout.monitorEnd);
  const lastWord = new LastWord({
    log,
    warning: (error) =>
      monitor ? monitor.vm.warnings.report(error) : log.error(toFailure(error), 'a call to the host failed'),
    keep: (ending) => record.end(ending),
  });
  try {
    for (const warning of warnings) log.warn(problemText(warning));
    const leaving = leaveSignal();
    const { ask, web } = await webAccount(config.global);
    const users = await localUsers(config.global, web);
    const readers = await groupOfWeb(web, ask);
    monitor = new Monitor({
      ...{ vm: request.vm, configPath: request.configPath, config, vmConfig, layout },
      ...{ log, logFile, ownLog, manager, users, readers },
    });
    lastWord.end(
      await serve(monitor, {
        leaving,
        previous,
        record,
        onReady: () => request.onReady(warnings.map(problemText)),
      }),
    );
  } catch (error) {
    lastWord.fail(error);
    throw error;
  } finally {
    lastWord.close();
    manager?.close();
    removePidFile(layout.pidFile);
    closeSync(lockFd);
  }
}

interface Serving {
  readonly leaving: Promise<Leaving>;
  /** How the previous monitor ended. */
  readonly previous: MonitorEnd | undefined;
  readonly record: EndRecord;
  readonly onReady: () => void;
}

/** Resolves to the reason for which the monitor ends. */
async function serve(monitor: Monitor, { leaving, previous, record, onReady }: Serving): Promise<string> {
  process.on('SIGUSR1', () => monitor.reopenLogs());
  try {
    await monitor.open();
    // Before the event for which clients wait.
    monitor.vm.warnings.attempt(() => record.serve());
    monitor.announce(previous);
    onReady();
    monitor.begin();
    const { way, signal } = await leaving;
    await monitor.leave({ way, signal });
    return `${signal}: ${way}`;
  } finally {
    await monitor.close();
  }
}

/** The exit record of this monitor. */
class EndRecord {
  readonly #path: string;
  readonly #own = { pid: process.pid, began: Date.now(), served: false };

  constructor(path: string) {
    this.#path = path;
  }

  /** The control socket answers. Errors: those of the system. */
  serve(): void {
    this.#own.served = true;
    writeMonitorEnd(this.#path, { ...this.#own, ended: 0, reason: '', failed: '', stack: '' });
  }

  end(ending: DaemonExit): void {
    writeMonitorEnd(this.#path, { ...this.#own, ended: Date.now(), ...ending });
  }
}

/**
 * A kernel whose user now shares its group with others is taken over with its present directories: its next start is
 * refused. Errors: JAIL_*, HOST_NAMESPACES.
 */
async function prepareDirectories(layout: VmLayout, vmConfig: VmConfig): Promise<void> {
  try {
    const user = await vmUser(vmConfig);
    makeDirectories(jailDirectories(layout, process.geteuid?.() === 0), ownIds(), user);
  } catch (error) {
    if (toFailure(error).code !== 'JAIL_GROUP_SHARED' || !heldLock(layout.vmLock)) throw error;
  }
}

/**
 * The account of umlweb, looked up once: each question to a network's accounts may take seconds. Without root and `group`,
 * no other account reaches the control socket, so only the files of this host are read.
 */
async function webAccount({ group, web_user }: GlobalConfig) {
  const ask: AskAccounts = process.geteuid?.() === 0 || group ? askHost : async () => '';
  return { ask, web: await webUser(web_user, ask) };
}

async function localUsers(
  { group, group_roles }: GlobalConfig,
  web: VmUser | undefined,
): Promise<LocalUsers> {
  return {
    own: process.geteuid?.() ?? 0,
    web: web?.uid,
    group: group ? await resolveGroup(group) : undefined,
    groupRoles: await Promise.all(
      group_roles.map(async (one) => ({ gid: await resolveGroup(one.group), role: one.role })),
    ),
  };
}

function monitorLog(layout: VmLayout, vm: VmConfig): ConsoleLog {
  const note = (msg: string) => `\n${JSON.stringify({ level: 40, time: Date.now(), vm: layout.vm, msg })}\n`;
  return new ConsoleLog(join(layout.logDir, 'monitor'), { maxBytes: vm.log_size, keep: vm.log_count, note });
}
