import { join } from 'node:path';

/** The top directory of the project, from test/bench/guests and from dist/test/bench alike. */
export const root = join(import.meta.dirname, '../../..');
