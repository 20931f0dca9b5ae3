import type { ArgumentValues } from '../commands/argument-kinds.ts';
import type { DiskCommandName } from '../disk/disk-commands.ts';
import { cleanUpVms } from './cleanup.ts';
import { runAdminDisk } from './disk.ts';
import { runDoctor } from './doctor/doctor.ts';
import type { AdminHost } from './host.ts';
import { runAdminKernel } from './kernels/kernel.ts';
import { restartVms } from './lifecycle/restart.ts';
import { startVms } from './lifecycle/start.ts';
import { stopVms } from './lifecycle/stop.ts';
import { printVmList } from './list.ts';
import { runAdminPassword } from './password.ts';
import type { AdminCommandName, KernelCommandName } from './table.ts';
import { updateVms } from './update.ts';
import { runAdminUser } from './users/user.ts';

/** Commands that need a configuration without problems outside of the sections of VMs. */
type HostCommandName = Exclude<AdminCommandName, 'config'>;

/** A command of umladmin with its arguments and options. */
export interface AdminCommand {
  readonly name: AdminCommandName;
  readonly subcommand?: string;
  readonly options: ReadonlySet<string>;
  readonly values: ArgumentValues;
  readonly many?: readonly string[];
}

/** Each resolves to the exit status. */
const runners: Record<HostCommandName, (command: AdminCommand, host: AdminHost) => Promise<number>> = {
  list: (_command, host) => done(printVmList(host)),
  start: ({ many: names = [], values: { LEVEL: level, DURATION: timeoutMs } }, host) =>
    startVms({ names, level, timeoutMs }, host),
  stop: ({ many: names = [], values: { DURATION: timeoutMs } }, host) => stopVms({ names, timeoutMs }, host),
  restart: ({ many: names = [], values: { LEVEL: level, DURATION: timeoutMs } }, host) =>
    restartVms({ names, level, timeoutMs }, host),
  update: ({ many: names = [], options }, host) =>
    updateVms({ names, dryRun: options.has('n'), yes: options.has('yes') }, host),
  doctor: (_command, host) => runDoctor(host),
  cleanup: ({ many: names = [] }, host) => cleanUpVms(names, host),
  kernel: ({ subcommand, options, values }, host) =>
    done(runAdminKernel({ subcommand: subcommand as KernelCommandName, options, values }, host)),
  password: ({ options, values }, host) => done(runAdminPassword({ options, values }, host)),
  user: ({ options, values }, host) => done(runAdminUser({ options, values }, host)),
  disk: ({ subcommand, options, values }, host) =>
    done(runAdminDisk({ subcommand: subcommand as DiskCommandName, options, values }, host)),
};

/** Executes a command; resolves to the exit status. Errors: those of the command. */
export function runAdminCommand(
  command: AdminCommand & { readonly name: HostCommandName },
  host: AdminHost,
): Promise<number> {
  return runners[command.name](command, host);
}

/** Work that either is done or throws. */
async function done(work: Promise<void>): Promise<number> {
  await work;
  return 0;
}
