import {
  type Choice,
  type CompletedProgram,
  type CompletionPlace,
  listVmsCommand,
  type Offer,
} from './programs.ts';

/** A function for the completion system of zsh. */
export function zshScript({ name, options, places }: CompletedProgram): string {
  const withArgument = options.filter(({ arguments: offers }) => offers.length > 0);
  const hyphens = (choice: Choice) => `-${choice.name}|--${choice.name}`;
  return [
    `#compdef ${name}`,
    `# Completion of ${name} for zsh. Generated from src/cli/completion by \`npm run generate\`.`,
    `_${name}() {`,
    '  local -a given vms choices',
    '  local at',
    '  for ((at = 2; at < CURRENT; at++)); do',
    `    case $words[at] in (${withArgument.map(hyphens).join('|')}) ((at++)) ;; (-*) ;; (*) given+=("$words[at]") ;; esac`,
    '  done',
    '  case $words[CURRENT-1] in',
    ...withArgument.map(
      (one) => `    (${hyphens(one)}) ${statement(one.arguments[0] ?? 'nothing')}; return ;;`,
    ),
    '  esac',
    '  if [[ $words[CURRENT] == -* ]]; then',
    `    choices=(${options.map((one) => described(`-${one.name}`, one.help)).join(' ')})`,
    '    _describe -o option choices; return',
    '  fi',
    '  case "$given" in',
    ...[...places].reverse().map((place) => `    (${pattern(place)}) ${placeStatement(place)} ;;`),
    '  esac',
    '}',
    `_${name} "$@"`,
    '',
  ].join('\n');
}

function pattern({ path }: CompletionPlace): string {
  return path.length === 0 ? '*' : `'${path.join(' ')}'|'${path.join(' ')} '*`;
}

function placeStatement({ path, choices, offer }: CompletionPlace): string {
  if (choices.length === 0)
    return path.length === 0 && offer === 'vms'
      ? `(($#given == 0)) && { ${statement(offer)}; }`
      : statement(offer);
  const list = choices.map(({ name, help }) => described(name, help)).join(' ');
  return `(($#given == ${path.length})) && { choices=(${list}); _describe choice choices; }`;
}

function statement(offer: Offer): string {
  if (offer === 'vms') return `vms=(\${(f)"$(${listVmsCommand})"}); _describe VM vms`;
  if (offer === 'files') return '_files';
  if (offer === 'commands') return '(($#given)) && _files || _command_names -e';
  return offer === 'nothing' ? '_message argument' : `choices=(${offer.join(' ')}); _describe value choices`;
}

function described(name: string, help: string): string {
  return `'${`${name}:${help}`.replaceAll("'", "'\\''")}'`;
}
