import { type ConfigRequest, defaultConfig, readConfig } from '../config/file/locate.ts';
import { requireTrusted } from '../config/file/untrusted-directories.ts';
import { configError, type Problem, quoted } from '../config/problem.ts';
import { exitStatusOf, toFailure } from '../system/errors/errors.ts';
import { version } from '../system/version.ts';
import { type AdminCommand, runAdminCommand } from './admin/command.ts';
import { runAdminConfig } from './admin/config.ts';
import { adminHelpText } from './admin/help.ts';
import { adminCommands, adminSyntax, type ConfigCommandName } from './admin/table.ts';
import { parseCommand, usageError, usageOf } from './commands/parse-command.ts';
import { errorText } from './print/error-text.ts';
import { brokenPipeStatus, OutputClosed, print, watchOutput } from './print/output.ts';

/** The tool of the host's administrator; resolves to the exit status (umladmin(8), EXIT STATUS). */
export async function umladmin(argv: readonly string[]): Promise<number> {
  const json = argv.some((word) => /^--?json$/.test(word));
  watchOutput();
  try {
    const line = parseAdminLine(argv);
    if (line.help) await print(adminHelpText());
    else if (line.version) await print(version);
    else return await run(line);
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

/** `umladmin [-config PATH] [-json] WORD [ARGUMENT …]`; these options may stand anywhere. Errors: USAGE. */
export function parseAdminLine(argv: readonly string[]): AdminLine {
  const given = [...argv];
  const rest: string[] = [];
  const flags = { json: false, help: false, version: false };
  let configPath: string | undefined;
  for (let next = given.shift(); next !== undefined; next = given.shift()) {
    const option = /^--?([a-z]+)$/.exec(next)?.[1];
    if (option === 'json' || option === 'help' || option === 'version') flags[option] = true;
    else if (option === 'config') {
      configPath = given.shift();
      if (configPath === undefined) throw usageError('-config needs a PATH', adminSyntax.hint);
    } else rest.push(next);
  }
  const word = rest.shift();
  if (word === undefined || flags.help || flags.version) return { ...flags, configPath, command: undefined };
  if (word.startsWith('-')) throw usageError(`${quoted(word)} is not an option`, adminSyntax.hint);
  const command = parseCommand(word, rest, adminSyntax) as AdminCommand;
  const [surplus] = rest;
  if (surplus === undefined) return { ...flags, configPath, command };
  const written = [command.name, command.subcommand].join(' ').trim();
  const why = surplus.startsWith('-') ? 'is not an option of' : 'is too much after';
  throw usageError(`${quoted(surplus)} ${why} ${written}`, `use: ${usageOf(command, adminCommands)}`);
}

/** Words that themselves write where the configuration says; for others umlmon does, and looks. */
const changing: readonly string[] = ['disk', 'kernel', 'password'];

/**
 * Whether a word makes sense before there is a configuration: doctor, which tells its mistakes, and what is done with kernels,
 * if the place of the configuration was not named.
 */
function worksWithout(
  { word, sub = '' }: { readonly word: string; readonly sub: string | undefined },
  mistakes: readonly Problem[],
  { configPath, env }: ConfigRequest,
): boolean {
  if (word === 'doctor') return true;
  const isMissing = mistakes.every(({ code }) => code === 'CONFIG_MISSING');
  const isNamed = configPath !== undefined || Boolean(env.UMLMON_CONFIG);
  return word === 'kernel' && sub !== 'use' && isMissing && !isNamed;
}

async function run({ command, configPath, json }: AdminLine): Promise<number> {
  if (!command)
    throw usageError('what is to be done?', 'umladmin list; umladmin disk list; -help tells more');
  const request = {
    ...(configPath === undefined ? {} : { configPath }),
    env: process.env,
    uid: process.geteuid?.() ?? 0,
  };
  const { name: word, subcommand: sub, values } = command;
  if (word === 'config')
    return runAdminConfig({ subcommand: sub as ConfigCommandName, values, request, json });
  const loaded = readConfig(request);
  const { problems } = loaded;
  const mistakes = problems.filter(({ severity }) => severity === 'error');
  const config =
    loaded.config ?? (worksWithout({ word, sub }, mistakes, request) ? defaultConfig(request) : undefined);
  if (!config) throw configError(mistakes);
  if (changing.includes(word)) requireTrusted(config.global, { name: '', backup_dir: '' });
  return runAdminCommand({ ...command, name: word }, { request, loaded, config, json });
}
