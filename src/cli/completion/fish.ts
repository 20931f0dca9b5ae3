import { type CompletedProgram, type CompletionPlace, listVmsCommand, type Offer } from './programs.ts';

/** A script for fish. */
export function fishScript({ name, options, places }: CompletedProgram): string {
  const complete = (rest: string) => `complete -c ${name} ${rest}`;
  return [
    `# Completion of ${name} for fish. Generated from src/cli/completion by \`npm run generate\`.`,
    complete('-f'),
    ...options.map((one) => {
      const [offer] = one.arguments;
      return complete(`-o ${one.name}${offer === undefined ? '' : argument(offer)} -d ${quote(one.help)}`);
    }),
    ...places.flatMap((place) => [
      ...place.choices.map((choice) =>
        complete(`-n ${quote(condition(place))} -a ${quote(choice.name)} -d ${quote(choice.help)}`),
      ),
      ...(place.offer === 'nothing'
        ? []
        : [complete(`-n ${quote(condition(place))} ${offered(place.offer)}`)]),
    ]),
    '',
  ].join('\n');
}

/** The choices of a place follow its path directly. VMs of a program without commands are completed once, at the first place. */
function condition({ path, choices, offer }: CompletionPlace): string {
  const seen = path.map((word) => `__fish_seen_subcommand_from ${word}`);
  const none =
    choices.length > 0
      ? [`not __fish_seen_subcommand_from ${choices.map(({ name }) => name).join(' ')}`]
      : [];
  return [...seen, ...none].join('; and ') || (offer === 'commands' ? 'true' : '__fish_use_subcommand');
}

function argument(offer: Offer): string {
  if (offer === 'files') return ' -r -F';
  return offer === 'nothing' ? ' -x' : ` -x ${offered(offer)}`;
}

function offered(offer: Offer): string {
  if (offer === 'vms') return `-a ${quote(`(${listVmsCommand})`)}`;
  if (offer === 'commands') return '-a "(__fish_complete_command)"';
  return offer === 'files' ? '-F' : `-a ${quote([...offer].join(' '))}`;
}

function quote(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
