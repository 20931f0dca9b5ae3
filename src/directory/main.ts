import { optionLines, paragraph, usageLines } from '../command-line/help.ts';
import { umldirProgram } from '../command-line/programs.ts';
import { configPathOf, readOptions } from '../command-line/read-options.ts';
import { quoted } from '../config/problem.ts';
import { exitStatusOf, failureText, toFailure, UmlmonError } from '../system/errors/errors.ts';
import { sayFailure } from '../system/logs/journal.ts';
import { harmless } from '../system/text.ts';
import { version } from '../system/version.ts';
import { runUmldir } from './daemon.ts';
import { printDirectory } from './print-directory.ts';

function helpText(): string {
  return [
    ...usageLines(umldirProgram),
    '',
    'Without -list: serve the directory of the VMs of this host, in the foreground.',
    '',
    ...optionLines(umldirProgram),
    '',
    ...paragraph(
      'Exit status: 0 done, 1 failed, 2 wrong usage, 3 wrong configuration, ' +
        '4 no directory server answers, 5 another umldir runs, 6 cannot listen.',
    ),
  ].join('\n');
}

/** `umldir`: resolves to the exit status (umldir(8), EXIT STATUS). */
export async function umldir(argv: readonly string[]): Promise<number> {
  const json = argv.some((word) => /^--?json$/.test(word));
  try {
    const options = readOptions(argv, umldirProgram);
    const {
      flags,
      rest: [host],
    } = options;
    const configPath = configPathOf(options, process.env);
    if (host !== undefined && !flags.has('list'))
      throw new UmlmonError('USAGE', {
        place: '',
        cause: `unexpected argument ${quoted(host)}: only -list accepts a host`,
        hint: 'umldir -help',
      });
    if (flags.has('help')) console.log(helpText());
    else if (flags.has('version')) console.log(version);
    else if (flags.has('list')) await printDirectory({ configPath, host, json: flags.has('json') });
    else await runUmldir(configPath);
    return 0;
  } catch (error) {
    const failure = toFailure(error, 'umldir');
    // The text may come from the directory server of another host.
    const text = json ? JSON.stringify({ error: failure }) : `umldir: ${failureText(failure)}`;
    sayFailure(harmless(text));
    return exitStatusOf(failure.code);
  }
}
