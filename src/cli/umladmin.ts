import { parseCommand, usageError, usageOf } from '../command-line/parse-command.ts';
import { umladminProgram } from '../command-line/programs.ts';
import { lastValue, readOptions } from '../command-line/read-options.ts';
import { type ConfigRequest, defaultConfig, readConfig } from '../config/file/locate.ts';
import { requireTrusted } from '../config/file/untrusted-directories.ts';
import { configError, type Problem, quoted } from '../config/problem.ts';
import { exitStatusOf, toFailure } from '../system/errors/errors.ts';
import { version } from '../system/version.ts';
import { type AdminCommand, runAdminCommand } from './admin/command.ts';
import { runAdminConfig } from './admin/config.ts';
import { adminHelpText } from './admin/help.ts';
import { adminCommands, adminSyntax, type ConfigCommandName } from './admin/table.ts';
import { errorText } from './print/error-text.ts';
import { brokenPipeStatus, OutputClosed, print, watchOutput } from './print/output.ts';

/** The tool of the host's administrator; resolves to the exit status (umladmin(8), EXIT STATUS). */
export async function umladmin(argv: readonly string[]): Promise<number> {
  const json = argv.some((argument) => /^--?json$/.test(argument));
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

/** The command line of umladmin(8); options of the program are valid anywhere. Errors: USAGE. */
export function parseAdminLine(argv: readonly string[]): AdminLine {
  const options = readOptions(argv, umladminProgram);
  const { flags } = options;
  const line = {
    configPath: lastValue(options, 'config'),
    json: flags.has('json'),
    help: flags.has('help'),
    version: flags.has('version'),
  };
  const [name, ...rest] = options.rest;
  if (name === undefined || line.help || line.version) return { ...line, command: undefined };
  if (name.startsWith('-')) throw usageError(`unknown option ${quoted(name)}`, adminSyntax.hint);
  const command = parseCommand(name, rest, adminSyntax) as AdminCommand;
  const [left] = rest;
  if (left === undefined) return { ...line, command };
  const written = [command.name, command.subcommand].join(' ').trim();
  const cause = left.startsWith('-')
    ? `unknown option ${quoted(left)} of ${written}`
    : `unexpected argument ${quoted(left)} after ${written}`;
  throw usageError(cause, `use: ${usageOf(command, adminCommands)}`);
}

/** Commands that write where the configuration says. Others leave that, and the check, to umlmon. */
const changing: readonly string[] = ['disk', 'kernel', 'password'];

/**
 * Whether a command works without a valid configuration: doctor, which lists the problems; and kernel commands without a
 * configuration, if none was named.
 */
function worksWithout(
  { name, subcommand = '' }: AdminCommand,
  problems: readonly Problem[],
  { configPath, env }: ConfigRequest,
): boolean {
  if (name === 'doctor') return true;
  const isMissing = problems.every(({ code }) => code === 'CONFIG_MISSING');
  const isNamed = configPath !== undefined || Boolean(env.UMLMON_CONFIG);
  return name === 'kernel' && subcommand !== 'use' && isMissing && !isNamed;
}

async function run({ command, configPath, json }: AdminLine): Promise<number> {
  if (!command) throw usageError('no command given', adminSyntax.hint);
  const request = {
    ...(configPath === undefined ? {} : { configPath }),
    env: process.env,
    uid: process.geteuid?.() ?? 0,
  };
  const { name, subcommand, values } = command;
  if (name === 'config')
    return runAdminConfig({ subcommand: subcommand as ConfigCommandName, values, request, json });
  const loaded = readConfig(request);
  const errors = loaded.problems.filter(({ severity }) => severity === 'error');
  const config =
    loaded.config ?? (worksWithout(command, errors, request) ? defaultConfig(request) : undefined);
  if (!config) throw configError(errors);
  if (changing.includes(name)) requireTrusted(config.global, { name: '', backup_dir: '' });
  return runAdminCommand({ ...command, name }, { request, loaded, config, json });
}
