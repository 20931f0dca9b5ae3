import { openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isSystemError, UmlmonError } from '../system/errors/errors.ts';

/** The first program of a guest. The VM's user may not be able to reach its directory, so it is copied. */
export const initFile = join(dirname(__filename), 'umlrun-init');

/** Opens it for reading; the caller closes it. Errors: HOST_PROGRAM_MISSING. */
export function openInit(): number {
  try {
    return openSync(initFile, 'r');
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new UmlmonError('HOST_PROGRAM_MISSING', {
      place: initFile,
      cause: error.message,
      hint: 'install cc and the static C library (libc6-dev), then build it: npm run build',
    });
  }
}
