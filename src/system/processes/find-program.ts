import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import { UmlmonError } from '../errors/errors.ts';
import { systemPath } from './system-path.ts';

/** What the administrator has installed beside the packages. On some hosts a group may write there. */
const localPlaces = ['/usr/local/sbin', '/usr/local/bin'];

/**
 * Where programs are looked for, in the form of PATH. Root's programs come from fixed directories in which only root may
 * write; a user's come from the PATH of the user.
 */
export function programPath(
  uid = process.geteuid?.() ?? 0,
  path = process.env.PATH ?? '',
  isTrusted: (directory: string) => boolean = onlyRootWrites,
): string {
  if (uid !== 0) return `${path}:${systemPath}`;
  return [systemPath, ...localPlaces.filter(isTrusted)].join(':');
}

/** Absolute path of a program of the host; undefined if it is missing. */
export function locateProgram(name: string, path = programPath()): string | undefined {
  const candidates = path.split(':').map((directory) => join(directory, name));
  // An empty or relative entry means the working directory: not for programs that run as root.
  return candidates.find((candidate) => candidate.startsWith('/') && isExecutable(candidate));
}

/**
 * The same for a program that is needed.
 *
 * @throws UmlmonError HOST_PROGRAM_MISSING, with the Debian package that has it
 */
export function findProgram(name: string, packageName: string, path = programPath()): string {
  const found = locateProgram(name, path);
  if (found !== undefined) return found;
  throw new UmlmonError('HOST_PROGRAM_MISSING', {
    place: name,
    cause: `not found in ${path}`,
    hint: `apt-get install ${packageName}`,
  });
}

function onlyRootWrites(directory: string): boolean {
  const found = statSync(directory, { throwIfNoEntry: false });
  return found !== undefined && found.uid === 0 && (found.mode & 0o022) === 0;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
