import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { toolEnvironment } from '../system/environment.ts';
import { jailLimits } from '../system/limits/limits.ts';
import { locateProgram } from '../system/processes/find-program.ts';
import { askHost, findUser, mayAsk } from './user.ts';

/** As askHost: the entry of a name or number, or ''. */
export type AskAccounts = typeof askHost;

/** Names that one call of getent(1) is given. */
const namesAtOnce = 1000;

/**
 * Asks the host for many users at once. Those that /etc/passwd has are not asked for. Where it knows none of the others,
 * which takes one call to learn, none is asked for again.
 *
 * @param names as the configuration has them
 */
export function askAccounts(database: 'passwd', names: Iterable<string>): AskAccounts {
  const local = new Set(
    readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .flatMap((line) => line.split(':', 3)),
  );
  const strange = [...new Set(names)].filter((name) => name !== '' && !local.has(name));
  const unknown = new Set<string>();
  const known = new Map<string, string>();
  for (let at = 0; at < strange.length; at += namesAtOnce) {
    const asked = strange.slice(at, at + namesAtOnce).filter(mayAsk);
    const lines = ask(database, asked);
    if (!lines) continue;
    for (const name of asked) {
      const line = lines.find((one) => findUser(one, name));
      if (line !== undefined) known.set(name, `${line}\n`);
    }
    // Each line is of a name that was asked for; some databases know it by another spelling.
    if (new Set(known.values()).size >= lines.length)
      for (const name of asked) if (!known.has(name)) unknown.add(name);
  }
  return (of, name) => {
    if (of !== database) return askHost(of, name);
    return unknown.has(name) ? '' : (known.get(name) ?? askHost(of, name));
  };
}

/** Status 2 says that some of the names are not known. Undefined where there is no getent(1). */
function ask(database: string, names: readonly string[]): string[] | undefined {
  const program = locateProgram('getent');
  if (program === undefined || names.length === 0) return undefined;
  const options = { encoding: 'utf8', timeout: jailLimits.accountTime, env: toolEnvironment } as const;
  const { status, stdout } = spawnSync(program, [database, '--', ...names], options);
  return status === 0 || status === 2 ? stdout.split('\n').filter(Boolean) : undefined;
}
