import { type CompletedProgram, type CompletionPlace, listVmsCommand, type Offer } from './programs.ts';

/** A script for bash-completion. */
export function bashScript({ name, options, places }: CompletedProgram): string {
  const withArgument = options.filter(({ arguments: offers }) => offers.length > 0);
  return [
    `# Completion of ${name} for bash. Generated from src/cli/completion by \`npm run generate\`.`,
    `_${name}() {`,
    // Names come from files of others: nothing here may expand them.
    '  local -',
    '  set -f',
    `  local IFS=$' \\t\\n' now=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} at offers= offer`,
    '  local -a given=()',
    '  for ((at = 1; at < COMP_CWORD; at++)); do',
    `    case \${COMP_WORDS[at]} in ${hyphens(withArgument.map((one) => one.name))}) at=$((at + 1)) ;; -*) ;; *) given+=("\${COMP_WORDS[at]}") ;; esac`,
    '  done',
    '  COMPREPLY=()',
    '  case $before in',
    ...withArgument.map(
      (one) => `    ${hyphens([one.name])}) ${statement(one.arguments[0] ?? 'nothing')}; offers+=' ' ;;`,
    ),
    '  esac',
    `  if [ -z "$offers" ] && [[ $now == -* ]]; then offers='${options.map((one) => `-${one.name}`).join(' ')}'; fi`,
    `  [ -n "$offers" ] || case "\${given[*]-}" in`,
    ...[...places].reverse().map((place) => `    ${pattern(place)}) ${placeStatement(place)} ;;`),
    '  esac',
    '  for offer in $offers; do',
    '    [[ $offer == "$now"* ]] && COMPREPLY+=("$offer")',
    '  done',
    '  return 0',
    '}',
    `complete -o ${places[0]?.offer === 'commands' ? 'default' : 'filenames'} -F _${name} ${name}`,
    '',
  ].join('\n');
}

const hyphens = (names: readonly string[]) =>
  names.flatMap((name) => [`-${name}`, `--${name}`]).join(' | ') || "''";

function pattern({ path }: CompletionPlace): string {
  return path.length === 0 ? '*' : `'${path.join(' ')}' | '${path.join(' ')} '*`;
}

function placeStatement({ path, choices, offer }: CompletionPlace): string {
  const exact = `[ "\${#given[@]}" -ne ${path.length} ] ||`;
  if (choices.length === 0) return path.length === 0 ? `${exact} ${statement(offer)}` : statement(offer);
  return `${exact} offers='${choices.map(({ name }) => name).join(' ')}'`;
}

function statement(offer: Offer): string {
  if (offer === 'vms') return `offers=$(${listVmsCommand})`;
  if (offer === 'files') return `mapfile -t COMPREPLY < <(compgen -f -- "$now")`;
  if (offer === 'commands') return `mapfile -t COMPREPLY < <(compgen -c -- "$now")`;
  return offer === 'nothing' ? ':' : `offers='${offer.join(' ')}'`;
}
