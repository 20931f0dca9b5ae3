import { resolve } from 'node:path';
import { UmlmonError } from '../errors/errors.ts';

/** The working directory; undefined if it was removed. */
export function currentDirectory(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}

/** A path that the caller gives, as an absolute one. Errors: USAGE for a relative one, if the working directory was removed. */
export function absolutePath(path: string): string {
  if (path.startsWith('/')) return resolve(path);
  const directory = currentDirectory();
  if (directory !== undefined) return resolve(directory, path);
  throw removedDirectory(path);
}

/** What is wrong with a relative path. */
export function removedDirectory(place: string): UmlmonError {
  return new UmlmonError('USAGE', {
    place,
    cause: 'the path is relative, and the working directory was removed',
    hint: 'cd to a directory that exists, or write a path that begins with /',
  });
}
