import { readFileSync } from 'node:fs';
import { optionLines, paragraph, usageLines } from '../command-line/help.ts';
import { umlrunProgram } from '../command-line/programs.ts';
import { failureText, toFailureWithWords } from '../system/errors/errors.ts';
import { version } from '../system/version.ts';
import { parseUmlrunArguments } from './arguments.ts';
import { run } from './run.ts';

function helpText(): string {
  return [
    ...usageLines(umlrunProgram),
    '',
    'Runs a command in a throw-away VM.',
    '',
    ...optionLines(umlrunProgram),
    '',
    ...paragraph(
      'Exit status: that of the command, or 128 + N after signal N. ' +
        'Otherwise 2 wrong usage, 125 the VM failed, 126 and 127 as in a shell.',
    ),
  ].join('\n');
}

/** The VM could not run the command, or failed under it. */
const failed = 125;

/** `umlrun`: resolves to the exit status (umlrun(1), EXIT STATUS). */
export async function umlrun(): Promise<number> {
  try {
    const parsed = parseUmlrunArguments(ownArguments(), process.env);
    if ('run' in parsed) return await run(parsed.run);
    console.log(parsed.show === 'help' ? helpText() : version);
    return 0;
  } catch (error) {
    const failure = toFailureWithWords(error, '');
    console.error(`umlrun: ${failureText(failure)}`);
    return failure.code === 'USAGE' ? 2 : failed;
  }
}

/** As bytes: process.argv has lost what is not UTF-8. */
function ownArguments(): Buffer[] {
  const bytes = readFileSync('/proc/self/cmdline');
  const words: Buffer[] = [];
  for (let from = 0; from < bytes.length; ) {
    const end = bytes.indexOf(0, from);
    words.push(bytes.subarray(from, end));
    from = end + 1;
  }
  const count = process.argv.length - 2;
  return count === 0 ? [] : words.slice(-count);
}
