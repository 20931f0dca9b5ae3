/** Which variables a program passes on (environment.json, which the launcher is made from too: src/bin/launcher.c). */
import lists from './environment.json' with { type: 'json' };
import { systemPath } from './processes/system-path.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What a program of the host gets that only does what its arguments say. */
export const toolEnvironment: Readonly<Record<string, string>> = { PATH: systemPath, LC_ALL: 'C' };

/** What a daemon gets from whoever starts it, which it will outlive: by an allow list. */
export function daemonEnvironment(env: Environment): Record<string, string> {
  return chosen(env, (name) => isAmong(lists.daemon, name));
}

/** What a program of the user gets: all but what acts on Node, and on the loader of programs (ld.so(8)). */
export function userEnvironment(env: Environment): Record<string, string> {
  return chosen(env, (name) => !isAmong(lists.loader, name));
}

/** The caller's value of a variable, even if the launcher has taken it away. */
export function callersValue(env: Environment, name: string): string | undefined {
  return env[`UMLMON_KEPT_${name}`] ?? env[name];
}

function chosen(env: Environment, isWanted: (name: string) => boolean): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value !== undefined && isWanted(name) ? [[name, value] as const] : [],
    ),
  );
}

function isAmong(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
  );
}
