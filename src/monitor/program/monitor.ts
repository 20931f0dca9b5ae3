import { setImmediate } from 'node:timers/promises';
import type { Config, VmConfig } from '../../config/config.ts';
import type { ConsoleLog } from '../../console/log.ts';
import { Marks } from '../../console/log-marks.ts';
import type { VmLayout } from '../../jail/layout.ts';
import { consolePlans, logPlan } from '../../plan/build-plan.ts';
import { imageStoreOf } from '../../plan/image-store.ts';
import { RpcServer } from '../../rpc/server/server.ts';
import { type Event, umlmonctrl } from '../../rpc/umlmonctrl.gen.ts';
import { hostClock } from '../../system/clock.ts';
import { tidyMemoryWhenQuiet } from '../../system/collect-garbage.ts';
import { toFailure } from '../../system/errors/errors.ts';
import type { MonitorEnd } from '../../system/errors/monitor-exit-record.ts';
import type { Log } from '../../system/logs/log.ts';
import { type SecurityFileChange, securityFile } from '../../system/logs/security-file.ts';
import { SecurityLog } from '../../system/logs/security-log.ts';
import type { ServiceManager } from '../../system/service-manager.ts';
import { controlHandlers } from '../control.ts';
import { DiskPlugs } from '../disks/disk-verbs.ts';
import { Endpoints } from '../endpoints/endpoints.ts';
import type { LocalUsers } from '../endpoints/local-role.ts';
import { ControlSessions } from '../endpoints/sessions.ts';
import { ShareReport } from '../endpoints/share-report.ts';
import { EventLog } from '../events/event-log.ts';
import { EventLines } from '../events/log-lines.ts';
import { Jobs } from '../jobs.ts';
import { HostKernels } from '../kernels.ts';
import { NetworkPlugs } from '../networks/network-verbs.ts';
import { securityOfEvent } from '../security-of-event.ts';
import { Settings } from '../settings.ts';
import { VmPlanner } from '../start/plan-start.ts';
import { Vm } from '../vm.ts';
import type { VmOwner } from '../vm-parts.ts';
import type { Leaving } from './exit-modes.ts';
import { ownCgroupLimits, unkeptLimits } from './own-cgroup.ts';
import { writePidFile } from './pid-file.ts';
import { reportPreviousEnd } from './previous-exit.ts';
import { ServiceReport } from './service-report.ts';

/** What the daemon has made before its monitor. */
export interface MonitorParts {
  readonly vm: string;
  readonly configPath: string | undefined;
  readonly config: Config;
  readonly vmConfig: VmConfig;
  readonly layout: VmLayout;
  readonly log: Log;
  /** The log of the monitor, if it is a file. */
  readonly logFile: ConsoleLog | undefined;
  readonly ownLog: { reopen(): void };
  readonly manager: ServiceManager | undefined;
  readonly users: LocalUsers;
  /** The group of umlweb, which may read the file of the passwords too. */
  readonly readers: number | undefined;
}

/** The monitor of one VM: the VM, and all by which users and programs reach it. */
export class Monitor implements VmOwner {
  readonly vm: Vm;
  readonly #parts: MonitorParts;
  readonly #lines: EventLines;
  readonly #events: EventLog;
  readonly #security: SecurityLog;
  readonly #shares: ShareReport;
  readonly #jobs: Jobs;
  readonly #sessions: ControlSessions;
  readonly #server: RpcServer<typeof umlmonctrl>;
  readonly #report: ServiceReport | undefined;
  #endpoints: Endpoints | undefined;

  constructor(parts: MonitorParts) {
    const { config, vmConfig, layout, log, logFile, manager, users, readers } = parts;
    this.#parts = parts;
    this.#lines = new EventLines(log);
    this.#security = new SecurityLog(
      securityFile(layout.logDir, (...change) => this.#securityChanged(...change)),
    );
    this.#events = new EventLog(layout.vm, (event) => this.#published(event));
    this.#shares = new ShareReport(this.#events);
    const planner = new VmPlanner(parts, layout);
    const configured = { global: config.global, vm: vmConfig };
    const settings = new Settings({ configured, written: planner, events: this.#events });
    this.vm = new Vm({
      layout,
      events: this.#events,
      settings,
      planner,
      kernels: new HostKernels(),
      clock: hostClock,
      owner: this,
    });
    const { channels, warnings } = this.vm;
    for (const change of this.#earlyChanges) warnings.securityChanged(...change);
    if (logFile) logFile.onChange = (change) => warnings.logChanged(logFile.path, change);
    warnings.attempt(() => channels.useMarks(Marks.open(layout.marks)));
    channels.configure(consolePlans(vmConfig), logPlan(vmConfig, layout));
    this.#report = manager && new ServiceReport(manager, this.vm);
    this.#jobs = new Jobs(layout.vm, this.#events);
    this.#sessions = new ControlSessions({
      vm: layout.vm,
      varDir: layout.varDir,
      readers,
      events: this.#events,
      security: this.#security,
      users,
    });
    const handlers = controlHandlers(
      this.vm,
      { disks: new DiskPlugs(this.vm, planner), networks: new NetworkPlugs(this.vm, planner) },
      { vm: layout.vm, store: imageStoreOf(layout), jobs: this.#jobs, planner },
      this.#sessions,
      { security: this.#security, planner },
    );
    this.#server = new RpcServer(umlmonctrl, handlers, (error, procedure) =>
      this.#lines.fault(toFailure(error), procedure),
    );
  }

  /** Bytes that the monitor's own log could not take. */
  get logDropped(): number {
    return this.#parts.logFile?.dropped ?? 0;
  }

  /** `ADDRESS:PORT` on which the monitor listens too, or ''. */
  get tcp(): string {
    return this.#endpoints?.tcp ?? '';
  }

  /** Opens all logs again: something has renamed their files. */
  reopenLogs(): void {
    const { warnings, channels } = this.vm;
    warnings.attempt(() => this.#parts.ownLog.reopen());
    warnings.attempt(() => channels.reopenLogs());
    this.#parts.log.info('SIGUSR1: the logs are opened again');
  }

  /** Takes over a kernel of the previous monitor, and opens the control socket. Errors: those of Endpoints.open. */
  async open(): Promise<void> {
    const { config, vmConfig, layout, users } = this.#parts;
    await this.vm.examine();
    this.#endpoints = await Endpoints.open(this.vm, {
      global: config.global,
      vmConfig,
      layout,
      server: this.#server,
      web: users.web,
    });
  }

  /**
   * Publishes that the monitor serves.
   *
   * @param previous how the previous monitor ended
   */
  announce(previous: MonitorEnd | undefined): void {
    const { vmConfig, layout } = this.#parts;
    const { warnings } = this.vm;
    warnings.attempt(() => writePidFile(layout.pidFile));
    this.#events.publish('monitor-started', `monitor ${process.pid} serves ${layout.ctrl}`, {
      pid: process.pid,
    });
    reportPreviousEnd(previous, this.#events, warnings);
    const unkept = unkeptLimits(vmConfig, ownCgroupLimits());
    if (unkept) warnings.report(unkept);
  }

  /** Registers the VM, and boots it if it is configured so. */
  begin(): void {
    this.#endpoints?.register();
    // Also stops the timer of V8, which wakes up every eight seconds until a first collection.
    tidyMemoryWhenQuiet();
    if (this.#parts.vmConfig.start === 'boot') this.vm.startAtBoot();
    this.#report?.begin();
  }

  /** Does what the signal asks for before the end of the monitor. */
  async leave({ way, signal }: Leaving): Promise<void> {
    this.#events.publish('monitor-exiting', `${signal}: ${way}`, { reason: signal, way });
    this.#report?.leave(way, this.vm.settings.vm.stop_timeout);
    if (way === 'when-stopped') await this.vm.whenDown();
    if (way === 'keep') await this.vm.backups.abort(`the monitor shuts down: ${signal}`);
    else await this.vm.leave(signal);
    await this.#jobs.close();
    // Viewers see the end of their console before the connections end; answers to operations are on their way.
    this.vm.channels.close();
    await setImmediate();
  }

  async close(): Promise<void> {
    await this.#jobs.close();
    await this.#endpoints?.close();
    this.#sessions.close();
    this.#security.close();
    this.#shares.close();
    this.vm.screens.close();
    this.vm.channels.close();
  }

  #published({ kind, text, attributes, ...rest }: Event): void {
    const details = Object.fromEntries(attributes.map(({ name, value }) => [name, value]));
    this.#lines.write({ kind, text, ...rest, attributes }, details);
    const fact = securityOfEvent(kind, text, details);
    if (fact) this.#security.record(fact);
    this.#report?.changed(kind, text, details.result ?? '');
    if (kind === 'state' || kind === 'ready') this.#endpoints?.vmChanged();
  }

  /** Before the VM, which reports them. */
  readonly #earlyChanges: [SecurityFileChange, string][] = [];

  #securityChanged(...change: [SecurityFileChange, string]): void {
    if (this.vm) this.vm.warnings.securityChanged(...change);
    else this.#earlyChanges.push(change);
  }
}
