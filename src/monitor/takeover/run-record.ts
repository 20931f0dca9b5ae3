import { readRegularFile } from '../../config/file/read-file.ts';
import { ethUnits } from '../../config/networks/network.ts';
import { ubdUnits } from '../../config/paths.ts';
import type { InterfacePlan } from '../../network/plan/interface-plan.ts';
import { fdOf } from '../../plan/descriptors.ts';
import type { LaunchPlan } from '../../plan/plan.ts';
import { stepOf } from '../../plan/step-of.ts';
import { type Moment, parseMoment } from '../../system/clock.ts';
import { replaceFile } from '../../system/files/atomic-file.ts';
import { monitorLimits } from '../../system/limits/limits.ts';
import type { ProcessIdentity } from '../../system/native/process.ts';
import type { Disk } from '../disks/disks.ts';
import { type Paused, parsePaused } from '../guest/pause.ts';
import { type LevelTimes, parseLevelTimes } from '../guest/readiness.ts';
import type { Interface } from '../networks/networks.ts';

/** The record for the next monitor, in a file that only its own user can write: enough to adopt a VM. */
export interface RunRecord {
  /** The plan that was executed. */
  readonly plan: LaunchPlan;
  /** Time of the start, in milliseconds since 1970. */
  readonly began: number;
  /** The same as a moment; absent in records of monitors that had none. */
  readonly moment?: Moment | undefined;
  /** The kernel's process; absent before it was seen. */
  readonly kernel?: ProcessIdentity;
  /** Levels of readiness; absent before the kernel answered. */
  readonly reached?: LevelTimes;
  /** Absent if its guest is not paused. */
  readonly pause?: Paused | undefined;
  /** PID 1 of its jail. */
  readonly init?: ProcessIdentity;
  /** The disks that it has; absent while they are those of the plan. */
  readonly disks?: readonly Disk[];
  /** The network interfaces that it has; absent while they are those of the plan. */
  readonly networks?: readonly Interface[];
}

export function writeRunRecord(path: string, record: RunRecord): void {
  // It is of no use after a crash of the host.
  replaceFile(path, JSON.stringify(record), 0o600, false);
}

/** The record of a previous monitor; undefined if it is missing or invalid. */
export function readRunRecord(path: string): RunRecord | undefined {
  try {
    const text = readRegularFile(path, 'any');
    if (!Buffer.isBuffer(text) || text.length > monitorLimits.runRecordBytes) return undefined;
    const record = JSON.parse(text.toString()) as RunRecord;
    if (!isUsable(record)) return undefined;
    const { pause, began } = record;
    const stands = pause === undefined ? {} : { pause: parsePaused(pause, began) };
    const moment = parseMoment(record.moment);
    const { moment: _, ...rest } = record;
    return { ...rest, ...(moment ? { moment } : {}), reached: parseLevelTimes(record.reached), ...stands };
  } catch {
    return undefined;
  }
}

/** Whether a record has what an adoption uses. Throws TypeError or Error where it has not even the form. */
function isUsable({ plan, began, disks = [], networks = [] }: RunRecord): boolean {
  const { vm, user, mem, cpus, sandbox } = plan;
  const { mconsole, reply } = stepOf(plan, 'await-kernel');
  const { consoles, log } = stepOf(plan, 'open-consoles');
  const { descriptors } = stepOf(plan, 'launch');
  const { images, syncMs } = stepOf(plan, 'lock-images');
  const network = plan.steps.find((step) => step.do === 'configure-network');
  const host = network ? [network.record.directory, network.record.vm, network.device.path] : [];
  const texts = [vm, user.name, mconsole, reply, sandbox.programs.taskset, log.directory, ...host];
  const channels = consoles.map(({ channel }) => channel);
  const files = [...images, ...disks.map(({ image }) => image)].flatMap((image) => [
    image,
    ...(image.backing ? [image.backing] : []),
  ]);
  const paths = files.flatMap(({ jailPath, hostPath, id }) => [jailPath, hostPath, id]);
  const [units, serials] = [[] as number[], [] as string[]];
  for (const { unit, serial } of [...images, ...disks.map(({ image }) => image)]) {
    units.push(unit);
    serials.push(serial);
  }
  const numbers = [...units, syncMs, mem, began, user.uid, user.gid, log.size, log.count, ...cpus];
  const fds = descriptors.map(({ fd }) => fd);
  return (
    [...texts, ...channels, ...paths, ...serials].every((text) => typeof text === 'string') &&
    [...numbers, ...fds].every((number) => Number.isSafeInteger(number) && number >= 0) &&
    Array.isArray(cpus) &&
    units.every((unit) => unit < ubdUnits) &&
    disks.every(({ plugged }) => typeof plugged === 'boolean') &&
    (network?.interfaces ?? []).every(isInterfacePlan) &&
    networks.every(isInterface) &&
    Number.isInteger(fdOf(descriptors, 'vm-lock'))
  );
}

function isInterface({ plan, plugged, settled }: Interface): boolean {
  return [plugged, settled].every((flag) => typeof flag === 'boolean') && isInterfacePlan(plan);
}

function isInterfacePlan(plan: InterfacePlan): boolean {
  const { unit, kind, guest, name, alias, mac, argument } = plan;
  const lists = [plan.forwards, plan.rules, plan.others, plan.announced, plan.guestCommands];
  return (
    [kind, guest, name, alias, mac, argument].every((text) => typeof text === 'string') &&
    lists.every(Array.isArray) &&
    Number.isInteger(unit) &&
    unit >= 0 &&
    unit < ethUnits
  );
}
