// Bundles each program of src/bin into one CommonJS file under dist/ (docs/decisions/0003-bundles.md).
import { chmodSync, readdirSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

const root = new URL('../../', import.meta.url).pathname;
const programs = readdirSync(`${root}src/bin`).filter((name) => name.endsWith('.ts'));

rmSync(`${root}dist`, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: programs.map((name) => `src/bin/${name}`),
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  external: ['koffi', 'node-pty'],
  banner: { js: '#!/usr/bin/env node' },
  sourcemap: 'linked',
  logLevel: 'warning',
});
for (const name of programs) chmodSync(`${root}dist/${name.replace(/\.ts$/, '.cjs')}`, 0o755);
