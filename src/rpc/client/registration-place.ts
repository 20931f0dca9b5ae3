/** Pure. */
import { join } from 'node:path';

export interface RegistrationPlace {
  /** A separate directory: monitors watch it for the start of umldir. */
  readonly directory: string;
  /** The socket. */
  readonly path: string;
}

/** The path where monitors of a host register with umldir. */
export function registrationPlace(runDir: string): RegistrationPlace {
  const directory = join(runDir, '.umldir');
  return { directory, path: join(directory, 'socket') };
}
