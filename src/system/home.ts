import { userInfo } from 'node:os';
import type { Environment } from './environment.ts';

/** The home directory: HOME, or that of the account. Undefined if neither is an absolute path. */
export function homeDirectory(env: Environment): string | undefined {
  if (env.HOME?.startsWith('/')) return env.HOME;
  try {
    const { homedir } = userInfo();
    return homedir.startsWith('/') ? homedir : undefined;
  } catch {
    // The host has no account of this number.
    return undefined;
  }
}

/** $XDG_STATE_HOME, or its default. Undefined without a home directory. */
export function stateHome(env: Environment): string | undefined {
  if (env.XDG_STATE_HOME?.startsWith('/')) return env.XDG_STATE_HOME;
  const home = homeDirectory(env);
  return home === undefined ? undefined : `${home === '/' ? '' : home}/.local/state`;
}
