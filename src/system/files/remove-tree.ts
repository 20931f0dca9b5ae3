import { findProgram } from '../processes/find-program.ts';
import { requireHostCommand } from '../processes/host-command.ts';

/** Most output of rm(1) in an error, in bytes. */
const here = '/proc/self/fd/3/';

/**
 * Removes an entry of an open directory with its whole tree, in a process of low priority.
 * Its owner may have made it deeper than PATH_MAX, and may replace parts of it with links in the meantime.
 * rm(1) walks by descriptors and handles both, unlike node:fs. Changes of the directories above have no effect
 * either.
 *
 * @param name of the entry, without a slash
 * @param path of the entry, for messages
 * @throws UmlmonError HOST_COMMAND with the output of rm
 */
export async function removeBelow(directory: number, name: string, path: string): Promise<void> {
  const find = (program: string) => findProgram(program, 'coreutils');
  const rm = [find('rm'), '-rf', '--one-file-system', '--', `${here}${name}`];
  await requireHostCommand(
    // However long it takes, and however many messages it prints: it continues with the other files.
    { program: find('nice'), args: ['-n', '19', ...rm], inherits: [directory], excess: 'drop' },
    {
      code: 'HOST_COMMAND',
      place: path,
      clean: (words) => words.replaceAll(here, '').replaceAll(/^\S+\/rm: /gm, 'rm: '),
    },
  );
}
