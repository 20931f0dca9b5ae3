/** What the host offers for a sandbox. */

import { jailLimits } from '../../system/limits/limits.ts';
import { findProgram } from '../../system/processes/find-program.ts';
import { requireHostCommand } from '../../system/processes/host-command.ts';
import type { LauncherFiles } from '../sandbox/mounts.ts';
import type { SandboxPrograms } from '../sandbox/sandbox.ts';
import { type Advice, adviseOn, isForbidden, judgeRestrictions } from './namespace-advice.ts';
import { readRestrictions } from './restrictions.ts';
import { type TrialPlan, tryJail } from './trial.ts';

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
export async function launcherFiles(): Promise<LauncherFiles> {
  if (files) return files;
  const { setpriv, setarch } = hostPrograms();
  const libraries = (await Promise.all([setpriv, setarch].map(librariesOf))).flat();
  files = { setpriv, setarch, loader: hostLoader, libraries: [...new Set(libraries)] };
  return files;
}

async function librariesOf(program: string): Promise<string[]> {
  const listed = await requireHostCommand(
    { program: hostLoader, args: ['--list', program], timeMs: jailLimits.launchDeadline },
    {
      code: 'HOST_COMMAND',
      place: `${hostLoader} --list ${program}`,
      hint: 'apt-get install libc6 util-linux',
    },
  );
  return [...listed.matchAll(/ => (\/\S+) \(0x/g)].flatMap(([, path]) =>
    path && path !== hostLoader ? [path] : [],
  );
}

/** Whether users other than root may make a jail with a user namespace on this host. */
export interface NamespaceSupport extends Advice {
  /** `yes`: there is nothing to fix; `unsure`: a trial failed for a reason that may pass. */
  readonly allowed: 'yes' | 'no' | 'unsure';
}

interface Tried {
  readonly key: string;
  readonly support: Promise<NamespaceSupport>;
}

/** A trial that is being made, or that was found good. */
let tried: Tried | undefined;

/**
 * The same from a trial, where the settings of the host do not decide. A security module, a container or a unit does not
 * show which of its rules applies. A success is remembered until a launch fails, a failure is not.
 * Errors: HOST_PROGRAM_MISSING.
 *
 * @param plan of the jail to be made
 */
export async function namespaceSupport(plan: Pick<TrialPlan, 'user' | 'unshare'>): Promise<NamespaceSupport> {
  const restrictions = readRestrictions();
  const { allowed, reason } = judgeRestrictions(restrictions);
  if (allowed === 'yes') return { allowed, reason, fix: '' };
  if (allowed === 'no') return { allowed, ...adviseOn(restrictions, { stage: undefined, words: '' }, []) };
  // The host treats all users alike: one trial serves all VMs of a configuration.
  const key = JSON.stringify([plan.user !== undefined, plan.unshare, restrictions]);
  if (tried?.key !== key) {
    const asked: Tried = { key, support: makeTrial(plan) };
    const forget = () => {
      if (tried === asked) tried = undefined;
    };
    tried = asked;
    asked.support.then(({ allowed }) => allowed === 'yes' || forget(), forget);
  }
  return tried.support;
}

/** The result of a trial now, regardless of the settings. Errors: HOST_PROGRAM_MISSING. */
export async function trySupport(plan: Pick<TrialPlan, 'user' | 'unshare'>): Promise<NamespaceSupport> {
  tried = undefined;
  return makeTrial(plan);
}

async function makeTrial(plan: Pick<TrialPlan, 'user' | 'unshare'>): Promise<NamespaceSupport> {
  const restrictions = readRestrictions();
  if (judgeRestrictions(restrictions).allowed === 'no')
    return { allowed: 'no', ...adviseOn(restrictions, { stage: undefined, words: '' }, []) };
  const programs = hostPrograms();
  const lack = await tryJail({ ...plan, programs, launcher: 'user-namespace' });
  if (!lack) return { allowed: 'yes', reason: 'a test jail works', fix: '' };
  const makers = [programs.bwrap, ...(plan.unshare === undefined ? [] : [plan.unshare])];
  const advice = adviseOn(restrictions, lack, makers);
  if (isForbidden(lack.words)) return { allowed: 'no', ...advice };
  const again = 'try again when the load of the host is lower';
  return {
    allowed: 'unsure',
    reason: `a test jail failed, perhaps temporarily: ${lack.words}`,
    fix: advice.isGuess ? `${again}, or find the cause: ${advice.fix}` : again,
  };
}
