// npm run prose: finds texts that break the rules of language in CONTRIBUTING.md.
//
//   prose.mjs            all texts, against allowance.json; exit status 1 if there are more findings than allowed
//   prose.mjs PATH...    all findings in these files and folders
//   prose.mjs --allow    writes allowance.json: what is found now is allowed, and nothing more
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { build } from 'esbuild';

const root = new URL('../../../', import.meta.url).pathname;
// Within the project, so that packages are found from there; a name of its own, so that two runs do not meet.
const bundle = `${root}node_modules/.cache/umlmon/prose-${process.pid}.cjs`;

process.chdir(root);
let run;
try {
  await build({
    entryPoints: ['src/setup/prose/prose.ts'],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    packages: 'external',
    logLevel: 'warning',
  });
  run = createRequire(import.meta.url)(bundle).runProse;
} finally {
  rmSync(bundle, { force: true });
}
process.exitCode = await run(process.argv.slice(2));
