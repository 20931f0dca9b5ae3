import { type Use, usesOf, type WordTable } from '../commands/spec.ts';

/** The words of a table as a list of definitions of a manual page; `detailsOf` says more than the line of help. */
export function definitions(
  table: WordTable,
  hyphen: '-' | '',
  detailsOf: (path: readonly string[]) => string,
): string[] {
  return usesOf(table).flatMap((use) => [
    usageMarkup(use, hyphen),
    `:   ${`${use.word.help}\n${detailsOf(use.path)}`.trim().replaceAll('\n', '\n    ')}`,
    '',
  ]);
}

/** `**-log** *CHANNEL* [**-follow**]` */
function usageMarkup({ path, word }: Use, hyphen: '-' | ''): string {
  const values = (kinds: readonly string[]) => kinds.map((kind) => ` *${kind}*`).join('');
  const options = Object.entries(word.options).map(
    ([option, kinds]) => ` \\[**-${option}**${values(kinds)}\\]`,
  );
  const optional = word.optional ? ` \\[*${word.optional}*\\]` : '';
  const many = word.many ? ` \\[*${word.many}* ...\\]` : '';
  return `**${hyphen}${path.join(' ')}**${values(word.arguments)}${optional}${many}${options.join('')}`;
}
