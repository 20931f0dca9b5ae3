import { readFileSync } from 'node:fs';
import { findUser } from './accounts.ts';
import { type AskAccounts, askHost, mayAsk, runGetent } from './user.ts';

/** Names that one call of getent(1) gets. */
const namesAtOnce = 1000;

/**
 * Asks the host for many users at once. Those that /etc/passwd has are not asked for. If the host has none of the others,
 * which takes one call to learn, none is asked for again.
 *
 * @param names as the configuration has them
 */
export function askAccounts(database: 'passwd', names: Iterable<string>): AskAccounts {
  let asked: Promise<Answers> | undefined;
  return async (of, name) => {
    if (of !== database) return askHost(of, name);
    asked ??= askFor(database, names);
    const { known, unknown } = await asked;
    return unknown.has(name) ? '' : (known.get(name) ?? askHost(of, name));
  };
}

interface Answers {
  readonly known: ReadonlyMap<string, string>;
  readonly unknown: ReadonlySet<string>;
}

async function askFor(database: 'passwd', names: Iterable<string>): Promise<Answers> {
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
    const lines = await ask(database, asked);
    if (!lines) continue;
    for (const name of asked) {
      const line = lines.find((one) => findUser(one, name));
      if (line !== undefined) known.set(name, `${line}\n`);
    }
    // More lines than known names: some databases spell a name in another way, so no name counts as unknown.
    if (new Set(known.values()).size >= lines.length)
      for (const name of asked) if (!known.has(name)) unknown.add(name);
  }
  return { known, unknown };
}

/** Status 2: some of the names are unknown. Undefined where getent(1) is missing. */
async function ask(database: 'passwd', names: readonly string[]): Promise<string[] | undefined> {
  if (names.length === 0) return undefined;
  const { status, stdout } = await runGetent(database, names);
  return status === 0 || status === 2 ? stdout.split('\n').filter(Boolean) : undefined;
}
