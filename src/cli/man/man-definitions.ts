import { type CommandForm, type CommandTable, formsOf } from '../../command-line/command-spec.ts';

/** The commands of a table as a definition list of a manual page; `detailsOf` adds text to the line of help. */
export function definitions(
  table: CommandTable,
  hyphen: '-' | '',
  detailsOf: (path: readonly string[]) => string,
): string[] {
  return formsOf(table).flatMap((use) => [
    usageMarkup(use, hyphen),
    `:   ${`${use.spec.help}\n${detailsOf(use.path)}`.trim().replace(/\n(?=.)/g, '\n    ')}`,
    '',
  ]);
}

/** `**-log** *CHANNEL* [**-follow**]` */
function usageMarkup({ path, spec }: CommandForm, hyphen: '-' | ''): string {
  const values = (kinds: readonly string[]) => kinds.map((kind) => ` *${kind}*`).join('');
  const options = Object.entries(spec.options).map(
    ([option, kinds]) => ` \\[**-${option}**${values(kinds)}\\]`,
  );
  const optional = spec.optional ? ` \\[*${spec.optional}*\\]` : '';
  const many = spec.many ? ` \\[*${spec.many}* ...\\]` : '';
  return `**${hyphen}${path.join(' ')}**${values(spec.arguments)}${optional}${many}${options.join('')}`;
}
