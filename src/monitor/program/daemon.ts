import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Config, GlobalConfig, VmConfig } from '../../config/config.ts';
import { requireTrusted } from '../../config/file/untrusted-directories.ts';
import { problemText } from '../../config/problem.ts';
import { ConsoleLog } from '../../console/log.ts';
import { Marks } from '../../console/log-marks.ts';
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
import { consolePlans, logPlan } from '../../plan/build-plan.ts';
import { imageStoreOf, vmUser } from '../../plan/facts/inventory.ts';
import { RpcServer } from '../../rpc/server/server.ts';
import { umlmonctrl } from '../../rpc/umlmonctrl.gen.ts';
import { hostClock } from '../../system/clock.ts';
import { tidyMemoryWhenQuiet } from '../../system/collect-garbage.ts';
import { LastWord } from '../../system/errors/daemon-exit.ts';
import { toFailure, UmlmonError } from '../../system/errors/errors.ts';
import { type MonitorEnd, readMonitorEnd, writeMonitorEnd } from '../../system/errors/monitor-exit-record.ts';
import { heldLock } from '../../system/files/held-lock.ts';
import { ErrorLog } from '../../system/logs/error-log.ts';
import { type Log, openLog } from '../../system/logs/log.ts';
import { type SecurityFileChange, securityFile } from '../../system/logs/security-file.ts';
import { SecurityLog } from '../../system/logs/security-log.ts';
import { ServiceManager } from '../../system/service-manager.ts';
import { controlHandlers } from '../control.ts';
import { DiskVerbs } from '../disks/disk-verbs.ts';
import { Endpoints } from '../endpoints/endpoints.ts';
import type { LocalUsers } from '../endpoints/local-role.ts';
import { Sessions } from '../endpoints/sessions.ts';
import { ShareReport } from '../endpoints/share-report.ts';
import { EventLog } from '../events/event-log.ts';
import { EventLines } from '../events/log-lines.ts';
import { Jobs } from '../jobs.ts';
import { HostKernels } from '../kernels.ts';
import { NetworkVerbs } from '../networks/network-verbs.ts';
import { takePassedDescriptors } from '../networks/passed-descriptors.ts';
import { securityOfEvent } from '../security-of-event.ts';
import { Settings } from '../settings.ts';
import { type ConfigSource, layoutFor, readVm } from '../start/config-source.ts';
import { VmPlanner } from '../start/plan-start.ts';
import { Vm } from '../vm.ts';
import { leaveSignal } from './exit-modes.ts';
import { takeMonitorLock } from './monitor-lock.ts';
import { ownCgroupLimits, unkeptLimits } from './own-cgroup.ts';
import { removePidFile, writePidFile } from './pid-file.ts';
import { tellFormerEnd } from './previous-exit.ts';
import { ServiceReport } from './service-report.ts';

export interface DaemonRequest extends ConfigSource {
  /** Log to standard error instead of VARDIR/VM/log/monitor. */
  readonly foreground: boolean;
  /** Called when the control socket answers, with what is unusual in the configuration. */
  readonly onReady: (warnings: readonly string[]) => void;
}

/**
 * The monitor of one VM, from its start to its end. Everything it acquires is released at the end, in reverse
 * order; after a SIGKILL the host kernel releases the lock, and the next monitor replaces what is left.
 *
 * Errors: CONFIG_*, MONITOR_RUNNING, JAIL_DIRECTORY, BACKUP_PLACE, HOST_SYSTEM_CALL.
 */
export async function runDaemon(request: DaemonRequest): Promise<void> {
  const { config, vm: vmConfig, warnings } = readVm(request);
  if (vmConfig.start === 'off')
    throw new UmlmonError('VM_OFF', {
      place: vmConfig.name,
      cause: 'the configuration says start = off',
      hint: 'set start = manual, or boot',
    });
  requireTrusted(config.global, { ...vmConfig, hook: '' });
  const layout = layoutFor(config, vmConfig);
  // Without root our group may be everybody's.
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
  const strays = { report: (error: unknown) => log.error(toFailure(error), 'a call to the host failed') };
  const former = readMonitorEnd(layout.monitorEnd);
  const own = { pid: process.pid, began: Date.now(), served: false };
  const lastWord = new LastWord({
    log,
    trouble: (error) => strays.report(error),
    keep: (ending) => writeMonitorEnd(layout.monitorEnd, { ...own, ended: Date.now(), ...ending }),
  });
  const onServing = () => {
    own.served = true;
    writeMonitorEnd(layout.monitorEnd, { ...own, ended: 0, reason: '', failed: '', stack: '' });
  };
  try {
    for (const warning of warnings) log.warn(problemText(warning));
    const reason = await serve(request, {
      config,
      vmConfig,
      layout,
      log,
      logFile,
      ownLog,
      manager,
      warnings: warnings.map(problemText),
      strays,
      former,
      onServing,
    });
    lastWord.end(reason);
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

/**
 * A kernel whose user has come to share its group since is taken over with the directories that it has: its next start is
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

interface DaemonParts {
  readonly config: Config;
  readonly vmConfig: VmConfig;
  readonly layout: VmLayout;
  readonly log: Log;
  readonly logFile: ConsoleLog | undefined;
  readonly ownLog: { reopen(): void };
  readonly manager: ServiceManager | undefined;
  readonly warnings: readonly string[];
  /** Takes errors of host calls that no caller takes. */
  readonly strays: { report: (error: unknown) => void };
  /** How the monitor before this one ended. */
  readonly former: MonitorEnd | undefined;
  /** Called when the control socket answers. Errors: those of the system. */
  readonly onServing: () => void;
}

/** Resolves to why the monitor ends. */
async function serve(request: DaemonRequest, parts: DaemonParts): Promise<string> {
  const { config, vmConfig, layout, log, manager, warnings } = parts;
  const leaving = leaveSignal();
  const report = manager && new ServiceReport(manager, () => vm.reported);
  let endpoints: Endpoints | undefined;
  const lines = new EventLines(log);
  const unrecorded: [SecurityFileChange, string][] = [];
  let securityChanged = (...change: [SecurityFileChange, string]): void => void unrecorded.push(change);
  const security = new SecurityLog(securityFile(layout.logDir, (...change) => securityChanged(...change)));
  const events = new EventLog(layout.vm, ({ kind, text, attributes, ...rest }) => {
    const details = Object.fromEntries(attributes.map(({ name, value }) => [name, value]));
    lines.write({ kind, text, ...rest, attributes }, details);
    const fact = securityOfEvent(kind, text, details);
    if (fact) security.record(fact);
    report?.changed(kind, text, details.result ?? '');
    if (kind === 'state' || kind === 'ready') endpoints?.vmChanged();
  });
  const shares = new ShareReport(events);
  const planner = new VmPlanner(request, layout);
  const vm = makeVm(parts, events, planner, () => endpoints?.tcp ?? '');
  parts.strays.report = vm.troubles.report;
  securityChanged = vm.troubles.securityChanged;
  for (const change of unrecorded) securityChanged(...change);
  process.on('SIGUSR1', () => {
    for (const logs of [parts.ownLog, { reopen: () => vm.channels.reopenLogs() }])
      vm.troubles.attempt(() => logs.reopen());
    log.info('SIGUSR1: the logs are opened again');
  });
  const jobs = new Jobs(layout.vm, events);
  const { ask, web } = await webAccount(config.global);
  const users = await localUsers(config.global, web);
  const readers = await groupOfWeb(web, ask);
  const sessions = new Sessions({ vm: layout.vm, varDir: layout.varDir, readers, events, security, users });
  const handlers = controlHandlers(
    vm,
    {
      disks: new DiskVerbs(vm, planner),
      networks: new NetworkVerbs(vm, planner),
    },
    { vm: layout.vm, store: imageStoreOf(layout), jobs, planner },
    sessions,
    { security, planner },
  );
  const server = new RpcServer(umlmonctrl, handlers, (error, procedure) =>
    lines.fault(toFailure(error), procedure),
  );
  await vm.examine();
  endpoints = await Endpoints.open(vm, { global: config.global, vmConfig, layout, server, web: users.web });
  try {
    vm.troubles.attempt(() => writePidFile(layout.pidFile));
    vm.troubles.attempt(parts.onServing);
    events.publish('monitor-started', `monitor ${process.pid} serves ${layout.ctrl}`, { pid: process.pid });
    tellFormerEnd(parts.former, { events, trouble: vm.troubles.report });
    const unkept = unkeptLimits(vmConfig, ownCgroupLimits());
    if (unkept) vm.troubles.report(unkept);
    request.onReady(warnings);
    endpoints.register(vm, layout);
    // Also lets V8 rest: without a first collection it wakes up every eight seconds to see whether one is due.
    tidyMemoryWhenQuiet();
    if (vmConfig.start === 'boot') vm.startAtBoot();
    report?.begin();
    const { way, signal } = await leaving;
    events.publish('monitor-leaving', `${signal}: ${way}`, { reason: signal, way });
    report?.leave(way, vm.settings.vm.stop_timeout);
    if (way === 'when-down') await vm.whenDown();
    if (way === 'keep') await vm.backups.abort(`the monitor leaves: ${signal}`);
    else await vm.leave(signal);
    await jobs.close();
    // Sessions see the end of their console; the answers to operations that have just ended are on their way.
    vm.channels.close();
    await setImmediate();
    return `${signal}: ${way}`;
  } finally {
    await jobs.close();
    await endpoints.close();
    sessions.close();
    security.close();
    shares.close();
    vm.screens.close();
    vm.channels.close();
  }
}

/** The VM as it is configured, with its channels open. */
function makeVm(
  { config, vmConfig, layout, logFile }: DaemonParts,
  events: EventLog,
  planner: VmPlanner,
  tcp: () => string,
): Vm {
  const settings = new Settings({
    configured: { global: config.global, vm: vmConfig },
    written: planner,
    events,
  });
  const vm = new Vm({
    layout,
    events,
    settings,
    planner,
    kernels: new HostKernels(),
    clock: hostClock,
    owner: {
      get logDropped() {
        return logFile?.dropped ?? 0;
      },
      get tcp() {
        return tcp();
      },
    },
  });
  if (logFile) logFile.onChange = (change) => vm.troubles.logChanged(logFile.path, change);
  vm.troubles.attempt(() => vm.channels.useMarks(Marks.open(layout.marks)));
  vm.channels.configure(consolePlans(vmConfig), logPlan(vmConfig, layout));
  return vm;
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
