import { posix } from 'node:path';
import { UmlmonError } from '../../system/errors/errors.ts';
import { jailLimits } from '../../system/limits/limits.ts';
import { trySupport } from '../host/host-support.ts';
import { type Advice, adviseOn } from '../host/namespace-advice.ts';
import { readRestrictions } from '../host/restrictions.ts';
import { type TrialPlan, tryJail } from '../host/trial.ts';
import type { SpawnRequest } from './spawn-request.ts';

/** How the launcher ended; `error` if it never started. */
export interface LauncherExit {
  readonly status?: number | undefined;
  readonly error?: Error;
}

type FailedSpawn = Pick<SpawnRequest, 'argv' | 'trial' | 'words'>;

/** Root without the right to become the user of a VM can make no jail at all. */
const lackOfCapability = /setpriv: setres[ug]id failed: Operation not permitted/;

/** Errors of bubblewrap on hosts that allow jails, and what to do about them. */
const hints: readonly (readonly [pattern: RegExp, hint: string])[] = [
  // Where bubblewrap puts the root of a jail together (setup_newroot in bubblewrap.c).
  [
    /Failed to mount tmpfs: No such file or directory/,
    'create /tmp, which bubblewrap needs: mkdir -m 1777 /tmp',
  ],
  [
    /Resource temporarily unavailable/,
    'stop some processes of its user, or raise the limit (ulimit -Hu; max_processes)',
  ],
  [/No space left on device/, 'free some space on the file system of the VM: df VARDIR/VM shows it'],
  [
    lackOfCapability,
    'give the monitor CAP_SETUID and CAP_SETGID (capabilities(7)), to become the user of the VM',
  ],
  [
    /Unknown option --(ro-)?bind-fd/,
    'install bubblewrap 0.10 or newer, or the security update of the distribution: this one cannot bind descriptors',
  ],
  [
    /Race condition binding/,
    'check who can write to that directory: a file was replaced while the jail was created',
  ],
  [/execvp .*: Permission denied/, 'make the kernel and its loader executable: chmod a+x'],
];

/** What the host forbids of such a jail; undefined if a trial jail works. */
async function forbiddenBy({ launcher, ...plan }: TrialPlan): Promise<Advice | undefined> {
  if (launcher === 'root') {
    const lack = await tryJail({ launcher, ...plan });
    return lack && adviseOn(readRestrictions(), lack, [plan.programs.bwrap]);
  }
  const { allowed, fix, ...rest } = await trySupport(plan);
  if (allowed === 'yes') return undefined;
  // A trial that failed for a temporary reason proves nothing: the fix is only a guess.
  if (allowed === 'unsure') return fix === '' ? undefined : { ...rest, fix, isGuess: true };
  return {
    ...rest,
    fix: plan.user ? `set userns = off in [GLOBAL], because root needs no user namespaces; or ${fix}` : fix,
  };
}

/** The error of a spawn without a kernel: a trial shows whether the host forbids the jail, else the output explains it. */
export async function spawnError(
  request: FailedSpawn,
  { status, error }: LauncherExit,
): Promise<UmlmonError> {
  const forbidden = await forbiddenBy(request.trial);
  const end = error?.message ?? (status === undefined ? 'it was killed' : `it exited with status ${status}`);
  const words = request.words().trim().slice(-jailLimits.launchWords);
  const known = hints.find(([pattern]) => pattern.test(words));
  const certain = forbidden?.isGuess || lackOfCapability.test(words) ? undefined : forbidden;
  const hint = certain?.fix ?? known?.[1] ?? forbidden?.fix ?? 'see the whole command: umlmon -plan VM';
  return new UmlmonError('JAIL_LAUNCH', {
    place: posix.basename(request.argv[0] ?? ''),
    cause: certain ? `${end}: ${certain.reason}` : end,
    hint,
    // They may come from the kernel, not from the launcher.
    words: words && `: ${words}`,
  });
}
