/** The environments of the matrix: a table, in which what is unusual about each is beside its name. */
import { capabilities } from './capabilities.ts';
import { descriptors } from './descriptors.ts';
import type { Environment } from './environment.ts';
import { fileSystems } from './file-systems.ts';
import { hostStates } from './host.ts';
import { limits } from './limits.ts';
import { people } from './people.ts';

export const environments: readonly Environment[] = [
  { name: 'nothing special' },
  ...fileSystems,
  ...people,
  ...descriptors,
  ...limits,
  ...capabilities,
  ...hostStates,
];
