import { findProgram } from '../processes/find-program.ts';
import { requireHostCommand } from '../processes/host-command.ts';

/** The first descriptor that the program inherits. */
const here = '/proc/self/fd/3/';

/**
 * Removes an entry of an open directory with all that is in it, in a process of low priority. The owner of the content may
 * have made it deeper than a path can be long, and may replace parts of it by links meanwhile: rm(1) walks by descriptors
 * and is safe from both, unlike node:fs. Changes of the directories above do not lead it elsewhere.
 *
 * @param name of the entry, without a slash
 * @param path of the entry, for messages
 * @throws UmlmonError HOST_COMMAND with the words of rm
 */
export async function removeBelow(directory: number, name: string, path: string): Promise<void> {
  const find = (program: string) => findProgram(program, 'coreutils');
  const rm = [find('rm'), '-rf', '--one-file-system', '--', `${here}${name}`];
  await requireHostCommand(
    // However long it takes, and however many messages it prints: it goes on with the other files.
    { program: find('nice'), args: ['-n', '19', ...rm], inherits: [directory], excess: 'drop' },
    {
      code: 'HOST_COMMAND',
      place: path,
      clean: (words) => words.replaceAll(here, '').replaceAll(/^\S+\/rm: /gm, 'rm: '),
    },
  );
}
