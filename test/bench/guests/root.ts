import { join } from 'node:path';

/** The top directory of the project, from test/bench and from dist/bench alike. */
export const root = join(import.meta.dirname, '../../..');
