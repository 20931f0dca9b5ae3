/** Pure. */
import { join } from 'node:path';

export interface RegistrationPlace {
  /** A directory of its own: monitors watch it, to see when umldir comes up. */
  readonly directory: string;
  /** The socket. */
  readonly path: string;
}

/** Where the monitors of a host register with its umldir. */
export function registrationPlace(runDir: string): RegistrationPlace {
  const directory = join(runDir, '.umldir');
  return { directory, path: join(directory, 'socket') };
}
