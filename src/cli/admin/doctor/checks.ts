/** What a host lacks or has too much of for its VMs. Pure: facts in, findings out, each with what to do about it. */
import { type Problem, problemText } from '../../../config/problem.ts';
import { defaultPorts, type ServiceName } from '../../../config/service-ports.ts';
import type { NamespaceSupport } from '../../../jail/host/host-support.ts';
import { tunHint } from '../../../plan/checks/check-forward.ts';
import { type Failure, failureText } from '../../../system/errors/errors.ts';
import { memoryOwner } from '../../../system/processes/memory-cgroup.ts';
import { shellWord } from '../../../system/shell-word.ts';
import { sizeText } from '../../../system/size-text.ts';

export interface DoctorFinding {
  readonly level: 'good' | 'warning' | 'error';
  /** The subject of the check, short. */
  readonly subject: string;
  readonly text: string;
  /** What to do; '' where there is nothing to do. */
  readonly fix: string;
}

/** A program of the host: where it is, or nothing. */
export interface ProgramFact {
  readonly name: string;
  readonly package: string;
  readonly path: string | undefined;
  /** What cannot be done without it. */
  readonly purpose: 'every VM' | 'networks' | 'file systems in images';
}

export interface KernelFact {
  /** As the configuration names it. */
  readonly path: string;
  readonly version: string;
  readonly usedBy: readonly string[];
  /** Why it cannot run here. */
  readonly failures: readonly Failure[];
  /** What each start copies into memory, as nothing may be executed where it lies. */
  readonly copied?: { readonly mount: string; readonly bytes: number };
}

export interface VmFact {
  readonly name: string;
  /** Bytes of the host's memory that the guest may take. */
  readonly memory: number;
  /** Whether it runs, or is booted by `umladmin start`. */
  readonly counts: boolean;
  readonly startOrder: number;
  /** Milliseconds until a stop has tried everything. */
  readonly stopMs: number;
}

/** What a VM has left, or runs without being watched. */
export interface LeftoverFact {
  readonly vm: string;
  readonly kind: 'orphan' | 'dead' | 'unconfigured-home' | 'unconfigured-monitor';
  readonly path: string;
}

/** What a monitor reports about its VM. */
export interface WarningFact {
  readonly vm: string;
  readonly text: string;
  readonly fix: string;
}

export interface DoctorFacts {
  readonly root: boolean;
  readonly problems: readonly Problem[];
  readonly programs: readonly ProgramFact[];
  /** What a trial of each kind of jail has shown; undefined without the programs for it. */
  readonly jails:
    | {
        /** With a user namespace, as users other than root need it. */
        readonly user: NamespaceSupport;
        /** Why root could not create a jail without one; undefined if the trial succeeded or was not needed. */
        readonly root: string | undefined;
        /** Why a jail with its own /proc, for the tools of e2fsprogs, could not be created. */
        readonly proc: string | undefined;
      }
    | undefined;
  readonly kernels: readonly KernelFact[];
  /** vm.max_map_count */
  readonly mapCount: number;
  /** Bytes; `cgroup` is the limit that is the smallest of those of this process. */
  readonly memory: {
    readonly total: number;
    readonly swap: number;
    readonly cgroup?: { readonly path: string; readonly limit: number } | undefined;
  };
  readonly vms: readonly VmFact[];
  /** `fault`: why this user cannot open it; '' if it can. */
  readonly tun: { readonly exists: boolean; readonly needed: boolean; readonly fault: string };
  readonly networks: boolean;
  /** Bytes; `promised` is what sparse images may still take. */
  readonly room: readonly {
    readonly directory: string;
    readonly free: number;
    readonly promised: number;
  }[];
  /** Names that /etc/services lacks; undefined if no VM is reached over the network. */
  readonly missingServices: readonly ServiceName[] | undefined;
  readonly leftovers: readonly LeftoverFact[];
  readonly warnings: readonly WarningFact[];
}

type Check = (facts: DoctorFacts) => readonly DoctorFinding[];

const good = (subject: string, text: string): DoctorFinding => ({ level: 'good', subject, text, fix: '' });
const warning = (subject: string, text: string, fix: string): DoctorFinding => ({
  level: 'warning',
  subject,
  text,
  fix,
});
const error = (subject: string, text: string, fix: string): DoctorFinding => ({
  level: 'error',
  subject,
  text,
  fix,
});

/** All findings, in the order of the checks. */
export function examineHost(facts: DoctorFacts): DoctorFinding[] {
  return checks.flatMap((check) => check(facts));
}

/** 0: all is good, 1: there are warnings, 2: there are errors. */
export function doctorStatus(findings: readonly DoctorFinding[]): number {
  if (findings.some(({ level }) => level === 'error')) return 2;
  return findings.some(({ level }) => level === 'warning') ? 1 : 0;
}

const MiB = 1024 ** 2;
/** Of the host's page size on x86. */
const pageBytes = 4096;
/** What cures a guest whose processes touch their memory all over. */
const usualMapCount = 1_048_576;
/** What every Linux host waits for its services, by default (systemd-system.conf(5)). */
const usualShutdownMs = 90_000;
/** Free bytes of a file system below which logs and records are at stake. */
const leastFree = 64 * MiB;

/** Where umladmin kernel fetch puts the first kernel. */
const usualKernel = '/shared/kernels/linux';

const checks: readonly Check[] = [
  ({ problems }) => {
    if (problems.length === 0) return [good('configuration', 'it has no mistakes')];
    return problems.map((problem) => ({
      level: problem.severity,
      subject: 'configuration',
      text: problemText({ ...problem, severity: 'error', hint: '' }),
      fix: problem.hint,
    }));
  },
  ({ kernels }) =>
    kernels.flatMap(({ path, version, usedBy, failures, copied }) => {
      const users = usedBy.length > 0 ? `used by ${usedBy.join(', ')}` : 'used by no VM';
      if (copied)
        return [
          good(
            'kernel',
            `${path}: Linux ${version}, ${users}; ${copied.mount} is mounted noexec: each start copies ${sizeText(Math.ceil(copied.bytes / MiB) * MiB)} into memory`,
          ),
        ];
      if (failures.length === 0) return [good('kernel', `${path}: Linux ${version}, ${users}`)];
      return failures.map((failure) =>
        error(
          'kernel',
          `${failureText({ ...failure, hint: '' })} (${users})`,
          path === usualKernel && failure.code === 'KERNEL_MISSING' ? 'umladmin kernel fetch' : failure.hint,
        ),
      );
    }),
  ({ programs, networks }) => {
    const missing = programs.filter(({ path }) => path === undefined);
    const findings = missing.map(({ name, package: from, purpose }) => {
      const isNeeded = purpose === 'every VM' || (purpose === 'networks' && networks);
      return (isNeeded ? error : warning)(
        'programs',
        `${name} is not installed: needed for ${purpose}`,
        `apt-get install ${from}`,
      );
    });
    return findings.length > 0 ? findings : [good('programs', programs.map(({ name }) => name).join(', '))];
  },
  ({ jails, root }) => {
    if (!jails) return [];
    const subject = 'user namespaces';
    const { user } = jails;
    if (user.allowed === 'yes') return [good(subject, user.reason)];
    if (user.allowed === 'unsure') return [warning(subject, user.reason, user.fix)];
    if (!root)
      return [error(subject, `${user.reason}: a jail of a user other than root needs them`, user.fix)];
    if (jails.root === undefined) return [good(subject, `${user.reason}; VMs of root do not need them`)];
    return [
      error(subject, `${user.reason}; and root cannot create a jail without them: ${jails.root}`, user.fix),
    ];
  },
  ({ jails }) => {
    const subject = 'file system tools';
    if (!jails) return [];
    if (jails.proc === undefined) return [good(subject, 'they run confined')];
    if (jails.user.allowed === 'no' && jails.root !== undefined) return [];
    return [
      warning(
        subject,
        `no jail can have a /proc of its own, so images cannot be resized, checked or formatted: ${jails.proc}`,
        'containers cover parts of /proc: docker run --security-opt systempaths=unconfined, or podman run --security-opt unmask=ALL',
      ),
    ];
  },
  ({ mapCount, vms }) => {
    const pages = Math.max(0, ...vms.map(({ memory }) => memory)) / pageBytes;
    const said = `vm.max_map_count is ${mapCount}`;
    if (pages < mapCount) return [good('memory maps', said)];
    const wanted = Math.max(usualMapCount, 4 * Math.ceil(pages));
    return [
      warning(
        'memory maps',
        `${said}: a guest process that uses more scattered pages is killed`,
        `echo vm.max_map_count=${wanted} >/etc/sysctl.d/umlmon.conf; sysctl -p /etc/sysctl.d/umlmon.conf`,
      ),
    ];
  },
  ({ memory: { total: ofHost, swap, cgroup }, vms }) => {
    const isLess = cgroup !== undefined && cgroup.limit < ofHost;
    const total = isLess ? cgroup.limit : ofHost;
    const sum = vms.filter(({ counts }) => counts).reduce((all, { memory }) => all + memory, 0);
    const said = `VMs that run or start with the host may use ${sizeText(sum)} of ${isLess ? memoryOwner(cgroup) : sizeText(total)}`;
    if (sum <= total) return [good('memory', said)];
    const beyond = sum > total + swap ? 'more than memory and swap together' : 'the rest goes to swap';
    return [warning('memory', `${said}: ${beyond}`, 'lower mem, set mem_trim, boot fewer VMs, or add swap')];
  },
  ({ vms }) => {
    const turns = new Map<number, number>();
    for (const { startOrder, stopMs, counts } of vms)
      if (counts) turns.set(startOrder, Math.max(stopMs, turns.get(startOrder) ?? 0));
    const seconds = [...turns.values()].reduce((all, ms) => all + ms, 0) / 1000;
    const said = `stopping all VMs takes ${seconds} s if no guest reacts`;
    if (seconds * 1000 <= usualShutdownMs) return [good('time-outs', said)];
    const fix =
      'lower stop_timeout, give VMs the same start_order, or let the host use umladmin stop -timeout';
    return [warning('time-outs', `${said}: longer than most hosts wait at shutdown`, fix)];
  },
  ({ tun, root }) => {
    if (tun.exists && (tun.fault === '' || !tun.needed)) return [good('taps', '/dev/net/tun is there')];
    if (tun.exists) return [error('taps', `/dev/net/tun cannot be opened: ${tun.fault}`, tunHint(tun.fault))];
    if (!tun.needed) return [good('taps', '/dev/net/tun is missing, and no VM needs it')];
    const fix = root ? 'modprobe tun' : 'ask the administrator to load the module tun';
    return [error('taps', '/dev/net/tun is missing; networks of VMs need it', fix)];
  },
  ({ room }) =>
    room.map(({ directory, free, promised }) => {
      const said = `${directory}: ${sizeText(free)} free`;
      if (free < leastFree)
        return error('disk room', said, 'remove old backups, crash bundles, logs or images');
      if (promised <= free) return good('disk room', said);
      const more = `${said}, and images may still grow by ${sizeText(promised)}`;
      return warning(
        'disk room',
        `${more}: guests would see I/O errors`,
        'make room, or shrink or move images',
      );
    }),
  ({ missingServices }) => {
    if (missingServices === undefined) return [];
    if (missingServices.length === 0)
      return [good('services', '/etc/services has the names of the directory')];
    const lines = missingServices.map((name) => `${name} ${defaultPorts[name]}/tcp`);
    return [
      warning(
        'services',
        `/etc/services lacks ${missingServices.join(', ')}`,
        `printf '%s\\n' ${lines.map((line) => `'${line}'`).join(' ')} >>/etc/services`,
      ),
    ];
  },
  ({ leftovers }) => {
    if (leftovers.length === 0) return [good('leftovers', 'no leftovers of stopped VMs')];
    return leftovers.map((leftover) => {
      const { level, text, fix } = leftoverFindings[leftover.kind](leftover);
      return { level, subject: 'leftovers', text, fix };
    });
  },
  ({ warnings }) => warnings.map(({ vm, text, fix }) => warning('VMs', `${vm}: ${text}`, fix)),
];

const leftoverFindings: Record<
  LeftoverFact['kind'],
  (leftover: LeftoverFact) => Omit<DoctorFinding, 'subject'>
> = {
  orphan: ({ vm }) => ({
    level: 'error',
    text: `the kernel of ${vm} runs without a monitor`,
    fix: `umladmin start ${vm}`,
  }),
  dead: ({ vm, path }) => ({
    level: 'warning',
    text: `${vm} has no monitor; ${path} is left over`,
    fix: `umladmin cleanup ${vm}`,
  }),
  'unconfigured-home': ({ vm, path }) => ({
    level: 'warning',
    text: `${path} belongs to no VM of the configuration`,
    fix: `write a section [${vm}], or, if its images are not needed any more: rm -r ${shellWord(path)}`,
  }),
  'unconfigured-monitor': ({ vm }) => ({
    level: 'warning',
    text: `a monitor of ${vm} runs, which is not in the configuration`,
    fix: `umladmin stop ${vm}`,
  }),
};
