import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { UmlmonError } from './errors.ts';

/** Where Linux systems keep their programs; a monitor may have been started without those of the administrator. */
export const systemPath = '/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Absolute path of a program of the host, from a PATH.
 *
 * @throws UmlmonError HOST_PROGRAM_MISSING, with the Debian package that has it
 */
export function findProgram(
  name: string,
  packageName: string,
  path = `${process.env.PATH ?? ''}:${systemPath}`,
): string {
  for (const directory of path.split(':')) {
    const candidate = join(directory, name);
    // An empty or relative entry means the working directory: not for programs that run as root.
    if (candidate.startsWith('/') && isExecutable(candidate)) return candidate;
  }
  throw new UmlmonError('HOST_PROGRAM_MISSING', {
    place: name,
    cause: `not found in ${path}`,
    hint: `apt-get install ${packageName}`,
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
