import { usageOf, wordNames, words } from './words.ts';

/** The text of `umlwatch -help`. */
export function helpText(): string {
  const width = Math.max(...wordNames.map((name) => usageOf(name).length)) + 1;
  return [
    'umlwatch [-config PATH] [-json] VM [-WORD [ARGUMENT] …]',
    '',
    'Words are done in the order given; without any, umlwatch asks for them.',
    '',
    ...wordNames.map((name) => `  -${usageOf(name).padEnd(width)} ${words[name].help}`),
    '',
    '  -config PATH  another configuration (also: UMLMON_CONFIG)',
    '  -json         machine-readable output, one document per line',
    '  -version      print the version',
    '',
    'Exit status: 0 done, 1 failed, 2 wrong usage, 3 wrong configuration, 4 no monitor answers,',
    '5 wrong state or busy, 6 the host lacks something.',
  ].join('\n');
}

/** The text of `help` in the interactive mode. */
export function interactiveHelpText(): string {
  const width = Math.max(...wordNames.map((name) => usageOf(name).length)) + 2;
  return [
    ...wordNames.map((name) => `  ${usageOf(name).padEnd(width)}${words[name].help}`),
    `  ${'help'.padEnd(width)}This list.`,
    `  ${'quit'.padEnd(width)}Leave; the VM is not touched.`,
  ].join('\n');
}
