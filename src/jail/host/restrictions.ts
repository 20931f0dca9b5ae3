/** What of a host may restrict namespaces: read anew each time, as an administrator may change it. Decides nothing. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Settings of the host (sysctl(8)), as paths below /proc/sys. */
const namespaceSettings = [
  'user/max_user_namespaces',
  'user/max_mnt_namespaces',
  'user/max_pid_namespaces',
  'user/max_ipc_namespaces',
  'user/max_uts_namespaces',
  'user/max_net_namespaces',
  'kernel/unprivileged_userns_clone',
  'kernel/apparmor_restrict_unprivileged_userns',
] as const;

export type NamespaceSetting = (typeof namespaceSettings)[number];

export interface Restrictions {
  /** A setting that the host does not have is undefined. */
  readonly settings: Readonly<Partial<Record<NamespaceSetting, string | undefined>>>;
  /** Whether a system call filter (seccomp(2)) is upon this process, as containers and units have one. */
  readonly filtered: boolean;
  /** The profile of a security module that confines this process; undefined if none does. */
  readonly profile: string | undefined;
  /** Whether SELinux enforces its policy. */
  readonly selinux: boolean;
}

export function readRestrictions(): Restrictions {
  return {
    settings: Object.fromEntries(namespaceSettings.map((name) => [name, textOf(join('/proc/sys', name))])),
    filtered: /^Seccomp:\s*2$/m.test(textOf('/proc/self/status') ?? ''),
    profile: profileOf(textOf('/proc/self/attr/apparmor/current') ?? textOf('/proc/self/attr/current')),
    selinux: textOf('/sys/fs/selinux/enforce') === '1',
  };
}

/** `docker-default (enforce)`; a context of SELinux has colons, and counts by `selinux`. */
function profileOf(text: string | undefined): string | undefined {
  const name = text?.replace(/\0/g, '').trim() ?? '';
  return name === '' || name === 'kernel' || name.startsWith('unconfined') || name.includes(':')
    ? undefined
    : name;
}

/** Undefined where the host has no such file, or does not let it be read. */
function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1').trim();
  } catch {
    return undefined;
  }
}
