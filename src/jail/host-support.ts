/** What the host offers for a sandbox. Read once per process: none of it changes under a running monitor. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toolEnvironment } from '../system/environment.ts';
import { UmlmonError } from '../system/errors.ts';
import { findProgram } from '../system/find-program.ts';
import type { LauncherFiles } from './mounts.ts';
import type { SandboxPrograms } from './sandbox.ts';

/** The Debian packages of the programs that a jail needs. */
export const packageOf = {
  prlimit: 'util-linux',
  taskset: 'util-linux',
  setarch: 'util-linux',
  setpriv: 'util-linux',
  unshare: 'util-linux',
  bwrap: 'bubblewrap',
} as const satisfies Record<keyof SandboxPrograms, string>;

let programs: SandboxPrograms | undefined;

/** @throws UmlmonError HOST_PROGRAM_MISSING */
export function hostPrograms(): SandboxPrograms {
  programs ??= {
    prlimit: find('prlimit'),
    taskset: find('taskset'),
    setarch: find('setarch'),
    setpriv: find('setpriv'),
    unshare: find('unshare'),
    bwrap: find('bwrap'),
  };
  return programs;
}

function find(name: keyof SandboxPrograms): string {
  return findProgram(name, packageOf[name]);
}

/** The loader of the programs of an x86_64 host (System V ABI, AMD64 supplement). */
const hostLoader = '/lib64/ld-linux-x86-64.so.2';

let files: LauncherFiles | undefined;

/**
 * What the root launcher runs in the jail, with the libraries that the host's own loader finds for it. Takes
 * about 5 ms the first time.
 *
 * @throws UmlmonError HOST_PROGRAM_MISSING, HOST_COMMAND
 */
export function launcherFiles(): LauncherFiles {
  const { setpriv, setarch } = hostPrograms();
  files ??= {
    setpriv,
    setarch,
    loader: hostLoader,
    libraries: [...new Set([setpriv, setarch].flatMap(librariesOf))],
  };
  return files;
}

function librariesOf(program: string): string[] {
  try {
    const listed = execFileSync(hostLoader, ['--list', program], {
      encoding: 'utf8',
      stdio: 'pipe',
      env: toolEnvironment,
    });
    return [...listed.matchAll(/ => (\/\S+) \(0x/g)].flatMap(([, path]) =>
      path && path !== hostLoader ? [path] : [],
    );
  } catch (error) {
    const cause = `${hostLoader} --list ${program}: ${error instanceof Error ? error.message : error}`;
    throw new UmlmonError('HOST_COMMAND', {
      place: 'root launcher',
      cause,
      hint: 'apt-get install libc6 util-linux',
    });
  }
}

/** `unsure`: a security module decides, by rules that only a trial shows. */
export interface NamespaceSupport {
  readonly allowed: 'yes' | 'no' | 'unsure';
  /** Which setting of the host says so. */
  readonly reason: string;
}

const namespaceSettings = [
  'user/max_user_namespaces',
  'kernel/unprivileged_userns_clone',
  'kernel/apparmor_restrict_unprivileged_userns',
] as const;

let namespaces: NamespaceSupport | undefined;

/** Whether unprivileged users of this host may create user namespaces. */
export function userNamespaceSupport(): NamespaceSupport {
  namespaces ??= judgeNamespaces(
    Object.fromEntries(namespaceSettings.map((name) => [name, readSetting(name)])),
  );
  return namespaces;
}

/** The same from the values of the settings; one that the host does not have is undefined. */
export function judgeNamespaces(
  settings: Readonly<Partial<Record<(typeof namespaceSettings)[number], string | undefined>>>,
): NamespaceSupport {
  const [maximum, clone, restricted] = namespaceSettings.map((name) => settings[name]);
  const say = (name: string, value: string | undefined) =>
    `${name.replace('/', '.')} is ${value ?? 'missing'}`;
  if (maximum === undefined || Number(maximum) === 0)
    return { allowed: 'no', reason: say(namespaceSettings[0], maximum) };
  if (clone === '0') return { allowed: 'no', reason: say(namespaceSettings[1], clone) };
  if (restricted === '1') return { allowed: 'unsure', reason: say(namespaceSettings[2], restricted) };
  return { allowed: 'yes', reason: say(namespaceSettings[0], maximum) };
}

function readSetting(name: string): string | undefined {
  try {
    return readFileSync(join('/proc/sys', name), 'utf8').trim();
  } catch {
    return undefined;
  }
}
