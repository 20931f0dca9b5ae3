// Writes every generated file of the project; with --check, only names those that are not current (exit status 1).
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { build } from 'esbuild';

const root = new URL('../../../', import.meta.url).pathname;
const check = process.argv.includes('--check');
// Within the project, so that packages are found from there; a name of its own, so that two runs do not meet.
const bundle = `${root}node_modules/.cache/umlmon/generators-${process.pid}.cjs`;

process.chdir(root);
let files;
try {
  await build({
    entryPoints: ['src/setup/generate/generators.ts'],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    packages: 'external',
    logLevel: 'warning',
  });
  files = createRequire(import.meta.url)(bundle).generators.flatMap((generate) => generate());
} finally {
  rmSync(bundle, { force: true });
}

const stale = files.filter(({ path, text }) => read(path) !== text);
for (const { path, text } of stale) {
  if (check) {
    console.error(`${path} is not current: run npm run generate`);
    process.exitCode = 1;
  } else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    console.log(`${path} written`);
  }
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}
