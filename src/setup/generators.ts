import { generateConfigPage } from '../config/man-page.ts';
import { generateRpc } from '../rpc/idl/generate.ts';

/** A file that is made from the sources; `path` is relative to the root of the project. */
export interface GeneratedFile {
  readonly path: string;
  readonly text: string;
}

/** All generators of `npm run generate`; they run in the root of the project. */
export const generators: readonly (() => readonly GeneratedFile[])[] = [generateConfigPage, generateRpc];
