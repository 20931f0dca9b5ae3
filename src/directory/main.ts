import { readOptions } from '../config/program-options.ts';
import { exitStatusOf, failureText, toFailure, UmlmonError } from '../system/errors/errors.ts';
import { sayFailure } from '../system/logs/journal.ts';
import { harmless } from '../system/text.ts';
import { version } from '../system/version.ts';
import { runUmldir } from './daemon.ts';
import { printDirectory } from './print-directory.ts';

const help = `umldir [-config PATH]                        serve the directory of this host's VMs, in the foreground
umldir [-config PATH] -list [HOST[:PORT]] [-json]   print what the directory of this or another host knows
umldir -version | -help

Exit status: 0 done, 1 failed, 2 wrong usage, 3 wrong configuration, 4 no directory answers,
5 another umldir runs, 6 cannot listen.`;

const options = { program: 'umldir', flags: ['list', 'json', 'version', 'help'], operand: 'host' };

/** `umldir`: resolves to the exit status (umldir(8), EXIT STATUS). */
export async function umldir(argv: readonly string[]): Promise<number> {
  const json = argv.some((word) => /^--?json$/.test(word));
  try {
    const { configPath, flags, operand: host } = readOptions(argv, process.env, options);
    if (host !== undefined && !flags.has('list'))
      throw new UmlmonError('USAGE', {
        place: '',
        cause: `${host}: only -list takes a host`,
        hint: 'umldir -help',
      });
    if (flags.has('help')) console.log(help);
    else if (flags.has('version')) console.log(version);
    else if (flags.has('list')) await printDirectory({ configPath, host, json: flags.has('json') });
    else await runUmldir(configPath);
    return 0;
  } catch (error) {
    const failure = toFailure(error, 'umldir');
    // A directory of another host may have said it.
    const text = json ? JSON.stringify({ error: failure }) : `umldir: ${failureText(failure)}`;
    sayFailure(harmless(text));
    return exitStatusOf(failure.code);
  }
}
