import { commandLines, optionLines, paragraph, usageLines } from '../../command-line/help.ts';
import { umlwatchProgram } from '../../command-line/programs.ts';
import { umlwatchCommands } from './table.ts';

/** The text of `umlwatch -help`. */
export function helpText(): string {
  return [
    ...usageLines(umlwatchProgram),
    '',
    ...paragraph(
      'Commands are executed in order, up to the first error. Without a command, umlwatch ' +
        'shows a prompt, or reads commands from a pipe: one per line, without the hyphen.',
    ),
    '',
    ...commandLines(umlwatchCommands, '-'),
    '',
    'Options:',
    '',
    ...optionLines(umlwatchProgram),
    '',
    ...paragraph(
      'A monitor on another host requires a password: umladmin password sets it there. ' +
        'UMLMON_PASSWORD_FILE is the same as -password-file. Without a file, the program ' +
        'UMLMON_ASKPASS prints the password.',
    ),
    '',
    ...paragraph(
      'In a console session, CTRL-] d detaches and CTRL-] ? lists all keys; escape in the ' +
        'configuration names a key instead of CTRL-]. With a pipe as input, the session ends ' +
        'after the input, when the guest has printed nothing for 1 s.',
    ),
    '',
    ...paragraph(
      'Exit status: 0 done, 1 failed, 2 wrong usage, 3 wrong configuration, 4 no answer from ' +
        'the monitor, 5 wrong state or busy. 6 the host lacks something, 7 the VM stopped during ' +
        '-wait, 8 timeout, 141 the reader of the output closed it.',
    ),
  ].join('\n');
}

/** The text of `help` at the prompt. */
export function interactiveHelpText(): string {
  const plain = { arguments: [], options: {} };
  const more = {
    help: { ...plain, help: 'Print this list.' },
    quit: { ...plain, help: 'Exit; the VM is not affected. Also CTRL-D.' },
  };
  return [
    ...commandLines({ ...umlwatchCommands, ...more }, ''),
    '',
    ...paragraph('TAB completes. CTRL-C interrupts a command that waits. CTRL-] d detaches from a console.'),
  ].join('\n');
}
