/** Inspects the host for `umladmin doctor`; changes nothing, and decides nothing. */
import { existsSync, readdirSync, readFileSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config, VmConfig } from '../../../config/config.ts';
import { vmNameDamage } from '../../../config/names.ts';
import { isTransport } from '../../../config/networks/kinds.ts';
import { transportNeeds } from '../../../config/networks/transports.ts';
import type { Problem } from '../../../config/problem.ts';
import { defaultPorts, findService, type ServiceName } from '../../../config/service-ports.ts';
import { listImages } from '../../../disk/store/list.ts';
import { hostPrograms, packageOf, trySupport } from '../../../jail/host/host-support.ts';
import { tryJail, tryProc } from '../../../jail/host/trial.ts';
import { tmpfsBytes } from '../../../jail/sandbox/mounts.ts';
import { tryTun } from '../../../network/host/host-network.ts';
import { readSetting } from '../../../network/plan/kernel-settings.ts';
import { HostLook } from '../../../plan/facts/host-look.ts';
import { imageStoreOf } from '../../../plan/image-store.ts';
import { problemsOfStarts } from '../../../plan/plan-from-config.ts';
import { wrongWith } from '../../../rpc/problem-advice.ts';
import type { VmInfo } from '../../../rpc/umlmonctrl.gen.ts';
import { heldLock } from '../../../system/files/held-lock.ts';
import { adminLimits, monitorLimits } from '../../../system/limits/limits.ts';
import { locateProgram } from '../../../system/processes/find-program.ts';
import type { MemoryCgroup } from '../../../system/processes/memory-cgroup.ts';
import { memoryCgroups } from '../../../system/processes/memory-limits.ts';
import { inParallel } from '../concurrency.ts';
import { type AdminHost, configuredNames, connectTo, layoutIn, removedNames } from '../host.ts';
import { lookAtKernels } from '../kernels/list-kernels.ts';
import type { DoctorFacts, LeftoverFact, ProgramFact, VmFact, WarningFact } from './checks.ts';
import { listenersBehindForwards, lostOnHost } from './network-checks.ts';

/** What the monitors of the host answer; null from one that could not be asked. */
type Answers = ReadonlyMap<string, VmInfo | null>;

export async function gatherFacts(host: AdminHost): Promise<DoctorFacts> {
  const { config, loaded } = host;
  const vms = [...config.vms.values()];
  const answers = await askMonitors([...configuredNames(loaded), ...removedNames(host)], config);
  const meminfo = readFileSync('/proc/meminfo', 'latin1');
  const kibibytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(meminfo)?.[1] ?? 0) * 1024;
  return {
    root: process.geteuid?.() === 0,
    problems: await problemsOf(host, answers),
    programs: programs(),
    jails: await tryJails(),
    kernels: lookAtKernels(config),
    mapCount: Number(readSetting('vm/max_map_count') ?? 0),
    memory: { total: kibibytes('MemTotal'), swap: kibibytes('SwapTotal'), cgroup: tightest(memoryCgroups()) },
    vms: vms.map((vm) => vmFact(vm, answers)),
    tun: { exists: existsSync('/dev/net/tun'), needed: vms.some(needsTap), fault: tryTun() },
    networks: vms.some(({ eth }) => eth.length > 0),
    room: await roomOf(config),
    missingServices: isOnNetwork(config) ? missingServices() : undefined,
    leftovers: leftoversOf(host, answers),
    warnings: await allWarnings(host, answers),
  };
}

function tightest(cgroups: readonly MemoryCgroup[]): MemoryCgroup | undefined {
  return cgroups.reduce<MemoryCgroup | undefined>(
    (least, one) => (one.limit < (least?.limit ?? Number.POSITIVE_INFINITY) ? one : least),
    undefined,
  );
}

async function askMonitors(names: readonly string[], config: Config): Promise<Answers> {
  const answers = new Map<string, VmInfo | null>();
  await inParallel(names, adminLimits.asksAtOnce, async (name) => {
    try {
      const client = await connectTo(config, name);
      if (!client) return;
      answers.set(name, null);
      answers.set(name, await client.call('info', undefined).finally(() => client.close()));
    } catch {
      // It is there, and does not answer as it should.
      answers.set(name, null);
    }
  });
  return answers;
}

/** Of the files; and of what VMs that are stopped would need for a start: those that run have it. */
async function problemsOf({ config, loaded }: AdminHost, answers: Answers): Promise<Problem[]> {
  const down = [...config.vms.values()].filter(
    ({ name, start }) => start !== 'off' && (answers.get(name)?.state ?? 'stopped') === 'stopped',
  );
  const look = new HostLook(down.map(({ vmuser }) => vmuser));
  return [...loaded.problems, ...(await problemsOfStarts(config, down, look)).filter(isOfVm)];
}

/** Not what is wrong with kernels and programs: doctor has findings of its own for those, which name all VMs. */
function isOfVm({ code }: Problem): boolean {
  return !/^(?:KERNEL_(?!ACCESS)|HOST_PROGRAM|HOST_NAMESPACES)/.test(code);
}

/** Tries as the user that umlrun uses. Undefined if the programs for a trial are missing; another check reports that. */
async function tryJails(): Promise<DoctorFacts['jails']> {
  if ([...Object.keys(packageOf)].some((name) => locateProgram(name) === undefined)) return undefined;
  const isRoot = process.geteuid?.() === 0;
  const programs = hostPrograms();
  const unshare = locateProgram('unshare');
  const plan = {
    programs,
    ...(isRoot ? { user: { uid: 65_534, gid: 65_534 } } : {}),
    ...(unshare === undefined ? {} : { unshare }),
  };
  const user = await trySupport(plan);
  const asUser = { ...plan, launcher: 'user-namespace' } as const;
  const asRoot = { ...plan, launcher: 'root' } as const;
  const withoutUser = isRoot && user.allowed === 'no' ? await tryJail(asRoot) : undefined;
  const proc = await tryProc(asUser);
  return {
    user,
    root: withoutUser?.words,
    proc: proc !== undefined && isRoot ? await tryProc(asRoot) : proc,
  };
}

function programs(): ProgramFact[] {
  const purposes: [Record<string, string>, ProgramFact['purpose']][] = [
    [packageOf, 'every VM'],
    [{ ip: 'iproute2', bridge: 'iproute2', nft: 'nftables' }, 'networks'],
    [{ e2fsck: 'e2fsprogs', resize2fs: 'e2fsprogs' }, 'file systems in images'],
  ];
  return purposes.flatMap(([packages, purpose]) =>
    Object.entries(packages).map(([name, from]) => ({
      name,
      package: from,
      path: locateProgram(name),
      purpose,
    })),
  );
}

function vmFact({ name, mem, start, start_order, stop_timeout }: VmConfig, answers: Answers): VmFact {
  const state = answers.get(name)?.state ?? 'stopped';
  return {
    name,
    memory: tmpfsBytes(mem),
    counts: start === 'boot' || state !== 'stopped',
    startOrder: start_order,
    stopMs: stop_timeout + monitorLimits.haltWait + monitorLimits.killWait,
  };
}

function needsTap({ eth }: VmConfig): boolean {
  return eth.some((spec) => !isTransport(spec) || transportNeeds(spec).devices.length > 0);
}

async function roomOf(config: Config): Promise<DoctorFacts['room']> {
  const { vardir, rundir } = config.global;
  const { images } = await listImages(imageStoreOf(layoutIn(config, 'any')));
  const promised = images
    .filter(({ kind }) => kind !== 'device')
    .reduce((all, { size, allocated }) => all + Math.max(0, size - allocated), 0);
  return [
    { directory: vardir, free: freeIn(vardir), promised },
    { directory: rundir, free: freeIn(rundir), promised: 0 },
  ];
}

/** Bytes that are free where a directory is, or will be. */
function freeIn(directory: string): number {
  if (!existsSync(directory)) return freeIn(dirname(directory));
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

function isOnNetwork({ global }: Config): boolean {
  return global.settings.some(({ key, value }) => key === 'tcp' && value === 'true');
}

function missingServices(): ServiceName[] {
  const known = existsSync('/etc/services') ? readFileSync('/etc/services', 'latin1') : '';
  const names = Object.keys(defaultPorts) as ServiceName[];
  return names.filter((name) => findService(known, name) === undefined);
}

function leftoversOf(host: AdminHost, answers: Answers): LeftoverFact[] {
  const { config, loaded } = host;
  const configured = new Set(configuredNames(loaded));
  const { vardir } = config.global;
  const names = [...new Set([...configured, ...vmsIn(vardir)])].sort();
  return names.flatMap((vm): LeftoverFact[] => {
    const layout = layoutIn(config, vm);
    const found = (kind: LeftoverFact['kind'], path: string) => [{ vm, kind, path }];
    if (answers.has(vm)) return configured.has(vm) ? [] : found('unconfigured-monitor', layout.ctrl);
    if (heldLock(layout.vmLock)) return found('orphan', layout.home);
    // An orderly end leaves the status, and takes these away.
    const left = [layout.runRecord, layout.ctrl].find((path) => existsSync(path));
    return [
      ...(left === undefined ? [] : found('dead', left)),
      ...(!configured.has(vm) && existsSync(layout.jail) ? found('unconfigured-home', layout.home) : []),
    ];
  });
}

/** Names of directories that may be those of VMs. */
function vmsIn(directory: string): string[] {
  if (!existsSync(directory)) return [];
  const entries = readdirSync(directory, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory() && !vmNameDamage(entry.name)).map(({ name }) => name);
}

/** Warnings of monitors, and network of running VMs that is missing on the host. */
async function allWarnings({ config }: AdminHost, answers: Answers): Promise<WarningFact[]> {
  const told = warningsOf(answers);
  const running = [...answers].filter(([, info]) => info === null || info.state === 'running');
  const places = running.map(([vm]) => ({ directory: layoutIn(config, vm).networkRecords, vm }));
  const isTold = ({ vm, text }: WarningFact) => told.some((one) => one.vm === vm && one.text === text);
  const vms = running.flatMap(([vm]) => config.vms.get(vm) ?? []);
  const lost = (await lostOnHost(places)).filter((one) => !isTold(one));
  return [...told, ...lost, ...(await listenersBehindForwards(vms))];
}

function warningsOf(answers: Answers): WarningFact[] {
  return [...answers].flatMap(([vm, info]): WarningFact[] => {
    if (!info)
      return [
        { vm, text: 'its monitor does not answer', fix: `kill the monitor: umladmin start ${vm} takes over` },
      ];
    return wrongWith(info).map(({ text, fix }) => ({ vm, text, fix }));
  });
}
