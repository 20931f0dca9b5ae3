import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '../../..');

/**
 * Bundles a program for a process that a test starts: for example, one that the test kills.
 *
 * @param source a TypeScript file, or its text, both with paths below the root of the project
 * @returns the path of the bundle, which Node can run
 */
export async function buildProgram(
  name: string,
  source: { file: string } | { text: string },
): Promise<string> {
  const outfile = join(root, 'dist/test', `${name}.cjs`);
  // Several tests may build the same program at a time.
  const draft = `${outfile}.${process.pid}`;
  await build({
    absWorkingDir: root,
    ...('file' in source
      ? { entryPoints: [source.file] }
      : { stdin: { contents: source.text, resolveDir: root } }),
    outfile: draft,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['koffi', 'node-pty'],
    logLevel: 'warning',
  });
  renameSync(draft, outfile);
  return outfile;
}
