/** Why a host lets only root make a jail, and what its administrator can do about it. Pure. */
import type { NamespaceSetting, Restrictions } from './restrictions.ts';

/** The parts of a jail that a trial makes one after the other. */
export const trialStages = ['become', 'user', 'processes', 'network', 'unshare', 'jail'] as const;
export type TrialStage = (typeof trialStages)[number];

/** What a host forbids. */
export interface Lack {
  /** The first part that cannot be created; undefined if the settings forbid it before any trial. */
  readonly stage: TrialStage | undefined;
  /** The output of the program that failed. */
  readonly words: string;
}

/**
 * Whether the output of a failed trial shows that the host forbids it, or cannot do it. All other errors, as EAGAIN,
 * ENOMEM, ENOSPC, or a trial that was killed, may pass: nothing follows from them.
 */
export function isForbidden(words: string): boolean {
  return /permission|not permitted|not implemented|not supported|does not support|invalid argument/i.test(
    words,
  );
}

export interface Advice {
  readonly reason: string;
  readonly fix: string;
  /** Nothing that is known of the host explains it. */
  readonly isGuess?: true;
}

/** `unsure`: only a trial shows it. */
export function judgeRestrictions({ settings, filtered, profile, selinux }: Restrictions): {
  readonly allowed: 'yes' | 'no' | 'unsure';
  readonly reason: string;
} {
  const forbidding = forbiddingSetting(settings, undefined);
  if (forbidding) return { allowed: 'no', reason: settingText(forbidding, settings[forbidding]) };
  const apparmor = 'kernel/apparmor_restrict_unprivileged_userns';
  if (settings[apparmor] === '1') return { allowed: 'unsure', reason: settingText(apparmor, '1') };
  if (filtered) return { allowed: 'unsure', reason: 'a system call filter confines this process' };
  if (profile !== undefined)
    return { allowed: 'unsure', reason: `the profile ${profile} confines this process` };
  if (selinux) return { allowed: 'unsure', reason: 'SELinux enforces its policy' };
  // Missing: a kernel without user namespaces, or a /proc/sys that cannot be read.
  const most = 'user/max_user_namespaces';
  const allowed = settings[most] === undefined ? 'unsure' : 'yes';
  return { allowed, reason: settingText(most, settings[most]) };
}

/** @param programs absolute paths of those that make namespaces */
export function adviseOn(restrictions: Restrictions, lack: Lack, programs: readonly string[]): Advice {
  const { settings, filtered, profile, selinux } = restrictions;
  const setting = forbiddingSetting(settings, lack.stage);
  if (setting) return { reason: settingText(setting, settings[setting]), fix: settingFix(setting) };
  const what = lack.stage === undefined ? '' : `${stageTexts[lack.stage]}: ${lack.words}`;
  if (lack.stage === 'become')
    return {
      reason: what,
      fix: 'keep CAP_SETUID, CAP_SETGID and CAP_SETPCAP; in a user namespace map more users (subuid(5), podman run --uidmap)',
    };
  const apparmor = 'kernel/apparmor_restrict_unprivileged_userns';
  if (settings[apparmor] === '1')
    return { reason: `${settingText(apparmor, '1')} (AppArmor); ${what}`, fix: apparmorFix(programs) };
  if (filtered)
    return {
      reason: `a system call filter, of a container or a unit, confines this process; ${what}`,
      fix: 'for a container: docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined, or podman with the same options; for a unit: remove RestrictNamespaces and SystemCallFilter',
    };
  if (profile !== undefined)
    return {
      reason: `the AppArmor profile ${profile} confines this process; ${what}`,
      fix: 'for a container: docker run --security-opt apparmor=unconfined; otherwise permit userns and mount in that profile',
    };
  if (selinux)
    return {
      reason: `SELinux enforces its policy; ${what}`,
      fix: 'find the rule with ausearch -m avc -ts recent, and create a module that permits it with audit2allow',
    };
  return {
    reason: `the host does not permit it; ${what}`,
    isGuess: true,
    fix: `strace -f ${programs[0] ?? 'bwrap'} --unshare-all --ro-bind / / true shows the call that is refused`,
  };
}

/** What a stage has that those before it do not have. */
const stageTexts: Record<TrialStage, string> = {
  become: 'no process can become the user of a VM',
  user: 'a user namespace with its own mounts cannot be created',
  processes: 'namespaces of processes, IPC and host names cannot be created',
  network: 'a network namespace cannot be created',
  jail: 'the tmpfs, limits, capabilities or filter of a jail cannot be set',
  unshare: 'unshare(1) cannot create a mount namespace, which umlrun needs for -root and -share',
};

const stageSettings: Record<TrialStage, readonly NamespaceSetting[]> = {
  become: [],
  user: ['user/max_user_namespaces', 'user/max_mnt_namespaces', 'kernel/unprivileged_userns_clone'],
  processes: ['user/max_pid_namespaces', 'user/max_ipc_namespaces', 'user/max_uts_namespaces'],
  network: ['user/max_net_namespaces'],
  jail: [],
  unshare: ['user/max_user_namespaces', 'user/max_mnt_namespaces'],
};

/** The setting that forbids a part of a jail; without a stage, any part. */
function forbiddingSetting(
  settings: Restrictions['settings'],
  stage: TrialStage | undefined,
): NamespaceSetting | undefined {
  const candidates = stage === undefined ? Object.values(stageSettings).flat() : stageSettings[stage];
  return candidates.find((name) => settings[name] === '0');
}

function nameOf(setting: NamespaceSetting): string {
  return setting.replace('/', '.');
}

function settingText(setting: NamespaceSetting, value: string | undefined): string {
  return `${nameOf(setting)} is ${value ?? 'missing'}`;
}

function settingFix(setting: NamespaceSetting): string {
  const value = setting.startsWith('user/') ? 10_000 : 1;
  const file = '/etc/sysctl.d/umlmon-namespaces.conf';
  return `as root of the host: echo ${nameOf(setting)}=${value} >>${file}; sysctl -p ${file}`;
}

/** A profile that permits namespaces to these programs alone (apparmor.d(5)). */
function apparmorFix(programs: readonly string[]): string {
  const file = '/etc/apparmor.d/umlmon-jail';
  const profiles = programs.map(
    (path) => `profile umlmon-${path.replace(/^.*\//, '')} ${path} flags=(unconfined) { userns, }`,
  );
  const lines = ['abi <abi/4.0>,', 'include <tunables/global>', ...profiles].map((line) => `'${line}'`);
  return `as root: printf '%s\\n' ${lines.join(' ')} >${file}; apparmor_parser -r ${file}; or, for all programs: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`;
}
