import { usageOf, wordNames, words } from './words.ts';

function wordLines(hyphen: '-' | ''): string[] {
  const width = Math.max(...wordNames.map((name) => usageOf(name).length));
  return wordNames.map((name) => `  ${hyphen}${usageOf(name).padEnd(width)}  ${words[name].help}`);
}

/** The text of `umlwatch -help`. */
export function helpText(): string {
  return [
    'umlwatch [-config PATH] [-json] VM [-WORD [ARGUMENT] …]',
    '',
    'Words are done in the order given, up to the first error. Without any, umlwatch',
    'asks for them, or reads them from a pipe: a line each, without the hyphen.',
    '',
    ...wordLines('-'),
    '',
    '  -mconsole-socket PATH  in place of VM: a kernel that umlmon did not start',
    '  -config PATH  another configuration (also: UMLMON_CONFIG)',
    '  -json         machine-readable output, a document per line',
    '  -version      print the version',
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
  const width = Math.max(...wordNames.map((name) => usageOf(name).length));
  return [
    ...wordLines(''),
    `  ${'help'.padEnd(width)}  This list.`,
    `  ${'quit'.padEnd(width)}  Leave; the VM is not touched. Also CTRL-D.`,
    '',
    'TAB completes. CTRL-C ends a word that waits, and CTRL-] a session at a console.',
  ].join('\n');
}
