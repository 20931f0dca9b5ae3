import type { ProgramSpec } from '../../command-line/program-spec.ts';

/**
 * The options of a program as the section OPTIONS of its manual page. `-help` and `-version` share one entry.
 *
 * @param details text of the page for an option, instead of its line of help
 */
export function optionDefinitions(
  { options }: ProgramSpec,
  details: Readonly<Record<string, string>>,
): string[] {
  const described = Object.entries(options).filter(([name]) => name !== 'help' && name !== 'version');
  return [
    ...described.flatMap(([name, { value, help }]) => [
      `**-${name}**${value === undefined ? '' : ` *${value}*`}`,
      `:   ${(details[name] ?? help).replace(/\n(?=.)/g, '\n    ')}`,
      '',
    ]),
    '**-help**, **-version**',
    ':   Print a summary, or the version, and exit.',
    '',
  ];
}
