import { join } from 'node:path';
import { isSystemError } from '../../system/errors/errors.ts';
import { whyPlaceDistrusted } from '../../system/files/trusted-path.ts';
import { mountFlags } from '../../system/native/native.ts';
import { trustedProgram } from '../../system/processes/trusted-program.ts';
import { shellWord } from '../../system/shell-word.ts';
import { type GlobalConfig, originOf, type VmConfig } from '../config.ts';
import { configError, type Problem, problemAt } from '../problem.ts';

/** Keys of directories in which root writes → error code. */
const places = { vardir: 'JAIL_DIRECTORY', rundir: 'JAIL_DIRECTORY', shared: 'JAIL_DIRECTORY' } as const;

/**
 * The settings with paths that users other than root can change: a directory in which root would write, or a program
 * that root would run. A missing directory is allowed. Users who run their own VMs are responsible for their own
 * directories; a hook is checked for all users.
 */
export function distrustedSettings(
  global: GlobalConfig,
  vm: Pick<VmConfig, 'name' | 'backup_dir'> & Partial<VmConfig>,
): Problem[] {
  const problems = vm.hook ? hookProblems(vm as VmConfig, vm.hook) : [];
  if (process.geteuid?.() !== 0) return problems;
  const told = new Set<string>();
  for (const [key, code] of Object.entries(places)) {
    const path = global[key as keyof typeof places];
    const why = path === '' ? undefined : whyPlaceDistrusted(path);
    // A directory below another one has the same reason.
    if (why === undefined || told.has(why)) continue;
    told.add(why);
    problems.push(problemAt(originOf(global, key), { code, ...wordsOf(why, key) }));
  }
  // Each VM has its own subdirectory there.
  const why = vm.backup_dir === '' ? undefined : whyPlaceDistrusted(join(vm.backup_dir, vm.name));
  if (why !== undefined)
    problems.push(
      problemAt(originOf(vm as VmConfig, 'backup_dir'), {
        code: 'BACKUP_DIRECTORY',
        ...wordsOf(why, 'backup_dir'),
      }),
    );
  return problems;
}

/** Errors: CONFIG_INVALID, or the code of the only one. */
export function requireTrusted(...settings: Parameters<typeof distrustedSettings>): void {
  const problems = distrustedSettings(...settings);
  if (problems.length > 0) throw configError(problems);
}

function hookProblems(vm: VmConfig, hook: string): Problem[] {
  try {
    const found = trustedProgram(hook);
    if ('path' in found)
      return [found.path, ...(found.interpreter === undefined ? [] : [found.interpreter])].flatMap((path) =>
        noExecProblem(vm, path),
      );
    const cause = `users other than this one can change the program: ${found.distrust}`;
    const hint = 'fix it with chown and chmod, or move the hook';
    return [problemAt(originOf(vm, 'hook'), { code: 'HOOK_UNTRUSTED', cause, hint })];
  } catch (error) {
    // A missing hook is not run, and the event `hook` reports it.
    if (isSystemError(error)) return [];
    throw error;
  }
}

function noExecProblem(vm: VmConfig, path: string): Problem[] {
  if (!mountFlags(path).has('noexec')) return [];
  const cause = `it cannot be run: ${path} is on a file system that is mounted noexec`;
  const hint = `findmnt -T ${shellWord(path)} shows it; move the hook to another file system`;
  return [problemAt(originOf(vm, 'hook'), { code: 'HOST_MOUNT', cause, hint })];
}

function wordsOf(why: string, key: string): { cause: string; hint: string } {
  return {
    cause: `users other than root can change the directory: ${why}`,
    hint: `fix it with chown and chmod, or set ${key} to another directory`,
  };
}
