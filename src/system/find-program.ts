import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { UmlmonError } from './errors.ts';

/** Where Linux systems keep their programs; a monitor may have been started without those of the administrator. */
export const systemPath = '/usr/sbin:/usr/bin:/sbin:/bin';

/** Absolute path of a program of the host, from a PATH; undefined if there is none. */
export function locateProgram(
  name: string,
  path = `${process.env.PATH ?? ''}:${systemPath}`,
): string | undefined {
  const candidates = path.split(':').map((directory) => join(directory, name));
  // An empty or relative entry means the working directory: not for programs that run as root.
  return candidates.find((candidate) => candidate.startsWith('/') && isExecutable(candidate));
}

/**
 * The same for a program that is needed.
 *
 * @throws UmlmonError HOST_PROGRAM_MISSING, with the Debian package that has it
 */
export function findProgram(
  name: string,
  packageName: string,
  path = `${process.env.PATH ?? ''}:${systemPath}`,
): string {
  const found = locateProgram(name, path);
  if (found !== undefined) return found;
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
