import { usageText, type Word, type WordTable } from './vocabulary.ts';
import { words } from './words.ts';

/** A line for each word of a table; those of a word with words of its own are listed below it. */
export function wordLines(table: WordTable, hyphen: '-' | ''): string[] {
  return linesOf(table, `  ${hyphen}`);
}

/** Columns that the usage of a word may take before its help. */
const usageColumns = 32;
/** Columns before the words of a word. */
const ownIndent = 6;

function linesOf(table: WordTable, before: string): string[] {
  const entries = Object.entries(table);
  const shown = ([name, word]: [string, Word]) =>
    word.words ? `${name} WORD …` : usageText({ path: [name], word });
  const lengths = entries.map((entry) => shown(entry).length);
  const width = Math.max(...lengths.filter((length) => length <= usageColumns));
  return entries.flatMap((entry) => {
    const [, { help, words: own }] = entry;
    const usage = `${before}${shown(entry)}`;
    const column = before.length + width;
    // What is too long stands alone, and its help below.
    const lines =
      usage.length > column
        ? [usage, `${' '.repeat(column)}  ${help}`]
        : [`${usage.padEnd(column)}  ${help}`];
    return own ? [...lines, ...linesOf(own, ' '.repeat(ownIndent))] : lines;
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
    ...wordLines(words, '-'),
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
    'CTRL-], or what the configuration calls escape, leaves a session at a console.',
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
    ...wordLines({ ...words, ...more }, ''),
    '',
    'TAB completes. CTRL-C ends a word that waits, and CTRL-] a session at a console.',
  ].join('\n');
}
