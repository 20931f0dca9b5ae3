import { formsOf } from '../../command-line/command-spec.ts';
import { globalKeys } from '../../config/keys/global-keys.ts';
import { keyNames } from '../../config/keys/key.ts';
import { vmKeys } from '../../config/keys/vm-keys.ts';
import {
  type ArgumentKind,
  type CliCommand,
  type CliCommandTable,
  imageKinds,
} from '../commands/argument-kinds.ts';
import { adminCommands } from './table.ts';

/** etc/completion/umladmin.bash, for bash(1): commands, options, and the images of the host. */
export function generateAdminCompletion(): { path: string; text: string }[] {
  const groups = Object.entries(adminCommands as CliCommandTable).filter(([, spec]) => spec.subcommands);
  const text = [
    '# Completion of umladmin(8) for bash. Generated from src/cli/admin/table.ts by `npm run generate`.',
    '# Source it, or install it as umladmin in the directory of bash-completion.',
    '',
    '_umladmin() {',
    // Names of images are made by others: nothing here may expand them, as compgen -W would.
    '  local -',
    '  set -f',
    // They have a colon, at which bash splits a line; what is before it is not replaced.
    `  local IFS=$' \\t\\n' line word=\${COMP_WORDS[COMP_CWORD]} offers= offer`,
    `  line=\${COMP_LINE:0:COMP_POINT}`,
    '  set -- $line',
    '  [[ $line == *[[:space:]] ]] && set -- "$@" ""',
    '  shift',
    '  local -a given=()',
    '  while [ $# -gt 1 ]; do',
    '    case $1 in -config | --config) shift ;; -*) ;; *) given+=("$1") ;; esac',
    '    shift',
    '  done',
    `  local begun=\${1-}`,
    `  case "\${given[*]:0:2}" in`,
    `    '') offers='${Object.keys(adminCommands).join(' ')} -config -json -help -version' ;;`,
    ...groups.map(
      ([name, spec]) => `    ${name}) offers='${Object.keys(spec.subcommands ?? {}).join(' ')}' ;;`,
    ),
    // At most two commands are given. Without subcommands, the second may be the first argument.
    ...formsOf<ArgumentKind>(adminCommands).map(({ path, spec }) => {
      const name = path.join(' ');
      const pattern = path.length === 1 ? `${name} | '${name} '*` : `'${name}'`;
      return `    ${pattern}) ${offersOf(spec)} ;;`;
    }),
    '  esac',
    `  local before=\${begun%"$word"}`,
    '  COMPREPLY=()',
    '  for offer in $offers; do',
    '    [[ $offer == "$begun"* ]] || continue',
    `    printf -v offer %q "\${offer#"$before"}"`,
    '    COMPREPLY+=("$offer")',
    '  done',
    '  return 0',
    '}',
    'complete -F _umladmin umladmin',
    '',
  ].join('\n');
  return [{ path: 'etc/completion/umladmin.bash', text }];
}

/** Lists of the host: images, VMs and kernels are their first columns. */
const listOf = {
  image: 'disk list',
  vm: 'list',
  kernel: 'kernel list',
} as const;

/** The options of the command; and images, VMs, kernels, sections or keys where they are valid. */
function offersOf({ arguments: kinds, optional, many, options }: CliCommand): string {
  const own = Object.keys(options).map((option) => `-${option}`);
  const all: readonly (ArgumentKind | undefined)[] = [...kinds, optional, many];
  const fixed = [
    ...own,
    '-json',
    ...(all.includes('SECTION') ? ['GLOBAL'] : []),
    ...(all.includes('KEY') ? keyNames({ ...globalKeys, ...vmKeys }) : []),
  ];
  const lists = [
    ...(all.some((kind) => imageKinds.some((known) => known === kind)) ? [listOf.image] : []),
    ...(all.includes('VM') || all.includes('SECTION') ? [listOf.vm] : []),
    ...(all.includes('KERNEL') ? [listOf.kernel] : []),
  ];
  const asked = lists.map((list) => `" $(umladmin ${list} 2>/dev/null | cut -d" " -f1)"`);
  return `offers='${fixed.join(' ')}'${asked.join('')}`;
}
