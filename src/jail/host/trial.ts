/**
 * A jail on trial: whether this host lets a user make one. bubblewrap makes all that the jail of a kernel has, and runs a
 * program that ends at once. Nothing of it stays.
 */
import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { jailLimits } from '../../system/limits/limits.ts';
import { keepDescriptorsPrivate } from '../../system/native/native.ts';
import { keepMemoryFromCores, ownLimits } from '../../system/processes/host-limits.ts';
import { limitsOfJail } from '../sandbox/limits.ts';
import { launchEnvironment, type SandboxPlan, sandboxArguments, userArguments } from '../sandbox/sandbox.ts';
import { seccompFilter } from '../sandbox/seccomp.ts';
import { type Lack, type TrialStage, trialStages } from './namespace-advice.ts';

/** Prefix of the result of a trial that was killed, for example by its timeout. */
const killedBy = 'it was killed by ';

/** As much of a plan as the host may forbid. */
export type TrialPlan = Pick<SandboxPlan, 'programs' | 'launcher' | 'user' | 'unshare'>;

/** What the host forbids of such a jail; undefined if it stands. Errors: HOST_PROGRAM_MISSING. */
export async function tryJail(plan: TrialPlan): Promise<Lack | undefined> {
  const filter = filterOfTrial(plan);
  const words = await failureOf(wholeArguments(plan), filter);
  if (words === undefined) return undefined;
  // Its parts would only take as long.
  if (plan.launcher === 'root' || words.startsWith(killedBy)) return { stage: 'jail', words };
  for (const stage of trialStages) {
    const argv = stageArguments(stage, plan);
    const said = argv && (await failureOf(argv, filter));
    if (said !== undefined) return { stage, words: said };
  }
  // By now it may be permitted.
  return { stage: 'jail', words };
}

/**
 * Why the host forbids a jail its own /proc, which the tools that read the file systems of guests need. Undefined if it
 * is allowed. A kernel's jail has no /proc, so containers that hide parts of /proc can still run VMs.
 */
export async function tryProc(plan: TrialPlan): Promise<string | undefined> {
  const { programs } = plan;
  const mounts = [
    '--unshare-pid',
    '--die-with-parent',
    '--ro-bind',
    '/',
    '/',
    '--proc',
    '/proc',
    '--',
    programs.prlimit,
  ];
  const argv = [programs.bwrap, ...(plan.launcher === 'root' ? [] : ['--unshare-user']), ...mounts];
  const become = plan.launcher === 'root' ? [] : userArguments(plan, programs.setpriv);
  return failureOf([...become, ...argv], filterOfTrial(plan));
}

const seccompFd = 3;
const statusFd = 4;

/** The root directory of the host serves as the jail's: a trial creates no files. prlimit prints limits and exits. */
function wholeArguments({ programs, launcher, user, unshare }: TrialPlan): string[] {
  const { processes: _, ...limits } = limitsOfJail({ processes: 0, files: 1024 }, ownLimits());
  return sandboxArguments({
    programs,
    launcher,
    ...(user ? { user } : {}),
    ...(unshare === undefined ? {} : { unshare }),
    limits,
    network: 'none',
    tied: true,
    root: '/',
    hostRoot: true,
    tmpfs: [{ path: '/tmp', size: 2 ** 20, mode: 0o755, readOnly: true }],
    binds: [{ from: programs.setarch, to: '/tmp/setarch', mode: 'ro' }],
    environment: {},
    seccompFd,
    statusFd,
    cwd: '/',
    command: [programs.prlimit],
  });
}

function filterOfTrial({ launcher }: TrialPlan): Uint8Array {
  return seccompFilter({
    architecture: process.arch,
    unix: 'datagram',
    families: [],
    rootLauncher: launcher === 'root',
    hostNetwork: false,
  });
}

/** One part more than the stage before; undefined if the jail has no such part. */
function stageArguments(stage: TrialStage, plan: TrialPlan): string[] | undefined {
  const { programs, user, unshare } = plan;
  // The trial as a whole has failed already.
  if (stage === 'jail') return undefined;
  if (stage === 'become')
    return user ? [...userArguments(plan, programs.setpriv), programs.prlimit] : undefined;
  if (stage === 'unshare')
    return unshare === undefined
      ? undefined
      : [unshare, ...(user ? [] : ['--user', '--map-current-user']), '-m', programs.prlimit];
  const parts = [
    ...['--die-with-parent', '--unshare-user'],
    ...(stage === 'user' ? [] : ['--unshare-pid', '--unshare-ipc', '--unshare-uts']),
    ...(stage === 'network' ? ['--unshare-net'] : []),
  ];
  return [
    ...userArguments(plan, programs.setpriv),
    programs.bwrap,
    ...parts,
    '--ro-bind',
    '/',
    '/',
    '--',
    programs.prlimit,
  ];
}

/** The error output of the chain if it fails; undefined if it succeeds. */
function failureOf(
  [program = '', ...args]: readonly string[],
  filter: Uint8Array,
): Promise<string | undefined> {
  keepDescriptorsPrivate();
  keepMemoryFromCores();
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: '/',
      env: launchEnvironment,
      // A group of its own, which ends as a whole.
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    });
    const timer = setTimeout(() => killGroup(child.pid), jailLimits.trialTime);
    let words = '';
    child.stderr?.on('data', (bytes: Buffer) => {
      if (words.length < jailLimits.launchWords) words += bytes.toString();
    });
    for (const stream of child.stdio.slice(seccompFd))
      if (stream instanceof Socket) {
        // A chain that fails early reads nothing.
        stream.on('error', () => undefined);
        stream.resume();
      }
    const pipe = child.stdio[seccompFd];
    if (pipe instanceof Socket) pipe.end(filter);
    const end = (failure: string | undefined) => {
      clearTimeout(timer);
      // bubblewrap that fails may leave its child behind.
      killGroup(child.pid);
      for (const stream of child.stdio) stream?.destroy();
      resolve(failure);
    };
    child.once('error', (error) => end(error.message));
    child.once('exit', (status, signal) => {
      // Its last output is still on its way.
      setImmediate(() => {
        const line = words.trim().split('\n')[0]?.slice(0, jailLimits.launchWords);
        // The last output of a killed program does not explain its end.
        if (signal !== null) return end(`${killedBy}${signal}`);
        end(status === 0 ? undefined : line || `it exited with status ${status}`);
      });
    });
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nothing is left of it.
    return;
  }
}
