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

/** The absolute form of a path. Errors: USAGE for a relative path if the working directory was removed. */
export function absolutePath(path: string): string {
  if (path.startsWith('/')) return resolve(path);
  const directory = currentDirectory();
  if (directory !== undefined) return resolve(directory, path);
  throw removedDirectory(path);
}

/** The error for a relative path. */
export function removedDirectory(place: string): UmlmonError {
  return new UmlmonError('USAGE', {
    place,
    cause: 'the path is relative, and the working directory was removed',
    hint: 'cd to an existing directory, or use an absolute path',
  });
}
