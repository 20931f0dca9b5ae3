import { readConfig } from '../config/locate.ts';
import { configError, quoted } from '../config/problem.ts';
import { exitStatusOf, toFailure } from '../system/errors.ts';
import { version } from '../system/version.ts';
import { runAdminDisk } from './admin-disk.ts';
import { adminHelpText } from './admin-help.ts';
import { listVms } from './admin-list.ts';
import { runAdminPassword } from './admin-password.ts';
import { type AdminWord, adminDialect, adminWords } from './admin-words.ts';
import type { ArgumentValues } from './arguments.ts';
import type { DiskWord } from './disk-words.ts';
import { errorText } from './error-text.ts';
import { brokenPipeStatus, OutputClosed, print, watchOutput } from './output.ts';
import { takeCommand, usageError, usageOf } from './take-command.ts';

/** The tool of the host's administrator; resolves to the exit status (umladmin(8), EXIT STATUS). */
export async function umladmin(argv: readonly string[]): Promise<number> {
  const json = argv.some((word) => /^--?json$/.test(word));
  watchOutput();
  try {
    const line = parseAdminLine(argv);
    if (line.help) await print(adminHelpText());
    else if (line.version) await print(version);
    else await run(line);
    return 0;
  } catch (error) {
    if (error instanceof OutputClosed) return brokenPipeStatus;
    console.error(`${json ? '' : 'umladmin: '}${errorText(error, json)}`);
    return exitStatusOf(toFailure(error).code);
  }
}

interface AdminLine {
  readonly configPath: string | undefined;
  readonly json: boolean;
  readonly help: boolean;
  readonly version: boolean;
  readonly command: AdminCommand | undefined;
}

interface AdminCommand {
  readonly word: AdminWord;
  readonly sub?: DiskWord;
  readonly options: ReadonlySet<string>;
  readonly values: ArgumentValues;
}

/** `umladmin [-config PATH] [-json] WORD [ARGUMENT …]`; options may stand anywhere. Errors: USAGE. */
export function parseAdminLine(argv: readonly string[]): AdminLine {
  const rest = [...argv];
  const flags = { json: false, help: false, version: false };
  let configPath: string | undefined;
  let command: AdminCommand | undefined;
  for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
    const option = /^--?([a-z]+)$/.exec(next)?.[1];
    if (option === 'json' || option === 'help' || option === 'version') flags[option] = true;
    else if (option === 'config') {
      configPath = rest.shift();
      if (configPath === undefined) throw usageError('-config needs a PATH', adminDialect.hint);
    } else if (command) {
      const use = `use: ${usageOf(command, adminWords)}`;
      throw usageError(
        `${quoted(next)} is too much after ${[command.word, command.sub].join(' ').trim()}`,
        use,
      );
    } else if (next.startsWith('-')) throw usageError(`${quoted(next)} is not an option`, adminDialect.hint);
    else command = takeCommand(next, rest, adminDialect) as AdminCommand;
  }
  return { ...flags, configPath, command };
}

async function run({ command, configPath, json }: AdminLine): Promise<void> {
  if (!command)
    throw usageError('what is to be done?', 'umladmin list; umladmin disk list; -help tells more');
  const loaded = readConfig({
    ...(configPath === undefined ? {} : { configPath }),
    env: process.env,
    uid: process.geteuid?.() ?? 0,
  });
  const { config, problems } = loaded;
  if (!config) throw configError(problems);
  const { word, sub = 'list', options, values } = command;
  if (word === 'list') await listVms(loaded, json);
  else if (word === 'password') await runAdminPassword({ options, values }, { loaded, config, json });
  else await runAdminDisk({ sub, options, values }, { loaded, config, json });
}
