/** Variables that a program passes to others (environment.json, from which the launcher is generated too: src/bin/launcher.c). */
import lists from './environment.json' with { type: 'json' };
import { systemPath } from './processes/system-path.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment of a program of the host that depends only on its arguments. */
export const toolEnvironment: Readonly<Record<string, string>> = { PATH: systemPath, LC_ALL: 'C' };

/** The variables that a daemon inherits: an allow list, because it outlives its starter. */
export function daemonEnvironment(env: Environment): Record<string, string> {
  return chosen(env, (name) => isAmong(lists.daemon, name));
}

/** The variables for a program of the user: all except those for Node and for the program loader (ld.so(8)). */
export function userEnvironment(env: Environment): Record<string, string> {
  return chosen(env, (name) => !isAmong(lists.loader, name));
}

/** The value of a variable of the caller, even if the launcher has removed it. */
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
