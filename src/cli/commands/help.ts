import { type CommandSpec, type CommandTable, usageText } from './spec.ts';
import { umlwatchCommands } from './table.ts';

/** A line for each word of a table; those of a word with words of its own are listed below it. */
export function commandLines(table: CommandTable, hyphen: '-' | ''): string[] {
  return linesOf(table, `  ${hyphen}`);
}

/** Columns of a usage that has its help beside it. */
const usageMax = 33;
/** Columns before the words of a word. */
const subcommandIndent = 6;

function linesOf(table: CommandTable, before: string): string[] {
  const entries = Object.entries(table);
  const shown = ([name, word]: [string, CommandSpec]) =>
    word.subcommands ? `${name} WORD …` : usageText({ path: [name], spec: word });
  const lengths = entries.map((entry) => shown(entry).length);
  const width = Math.max(...lengths.filter((length) => length <= usageMax));
  return entries.flatMap((entry) => {
    const [, { help, subcommands: own }] = entry;
    const usage = shown(entry);
    // A long usage has a line of its own.
    const line =
      usage.length > width
        ? [`${before}${usage}`, `${' '.repeat(before.length + width)}  ${help}`]
        : [`${before}${usage.padEnd(width)}  ${help}`];
    return own ? [...line, ...linesOf(own, ' '.repeat(subcommandIndent))] : line;
  });
}

/** The text of `umlwatch -help`. */
export function helpText(): string {
  return [
    'umlwatch [-config PATH] [-json] VM[@HOST[:PORT]] [-WORD [ARGUMENT] …]',
    '',
    'Words are done in the order given, up to the first error. Without any, umlwatch',
    'asks for them, or reads them from a pipe: a line each, without the hyphen.',
    '',
    ...commandLines(umlwatchCommands, '-'),
    '',
    '  -mconsole-socket PATH  in place of VM: a kernel that umlmon did not start',
    '  -config PATH  another configuration (also: UMLMON_CONFIG)',
    '  -json         machine-readable output, a document per line',
    '  -version      print the version',
    '',
    'A monitor on another host wants a password (umladmin password, there), and TLS:',
    '  -password-file PATH  its first line (UMLMON_PASSWORD_FILE, UMLMON_ASKPASS)',
    '  -ca PATH             authorities that must vouch for the host, in PEM form',
    '  -plain               no TLS, for tcp = plain: what lies between is trusted',
    '',
    'CTRL-] d leaves a session at a console, CTRL-] ? lists what else it can do; or',
    'what the configuration calls escape in the place of CTRL-].',
    'With a pipe as input it ends after the input, when the guest is quiet for 1 s.',
    '',
    'Exit status: 0 done, 1 failed, 2 wrong usage, 3 wrong configuration, 4 no answer',
    'from a monitor, 5 wrong state or busy, 6 something is missing on the host,',
    '7 the VM went down while -wait waited, 8 the wait took too long, 141 the reader',
    'of the output has gone.',
  ].join('\n');
}

/** The text of `help` in the interactive mode. */
export function interactiveHelpText(): string {
  const plain = { arguments: [], options: {} };
  const more = {
    help: { ...plain, help: 'This list.' },
    quit: { ...plain, help: 'Leave; the VM is not touched. Also CTRL-D.' },
  };
  return [
    ...commandLines({ ...umlwatchCommands, ...more }, ''),
    '',
    'TAB completes. CTRL-C ends a word that waits, CTRL-] d a session at a console.',
  ].join('\n');
}
