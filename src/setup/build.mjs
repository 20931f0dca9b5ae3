// Bundles each program of src/bin into one CommonJS file under dist/ (docs/decisions/0003-bundles.md).
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { build } from 'esbuild';
import { buildPage } from './build-page.mjs';

const root = new URL('../../', import.meta.url).pathname;
const programs = readdirSync(`${root}src/bin`).filter((name) => name.endsWith('.ts'));

/**
 * A monitor lives long and does little: without these, the memory of the young generation and of the optimizing
 * compiler doubles its size in its first fifty starts (docs/decisions/0003-bundles.md).
 */
const nodeOptions = {
  'umlmon.ts': ' --max-semi-space-size=1 --no-opt',
  // It does not live long enough for helpers: some milliseconds of its start.
  'umlrun.ts': ' --v8-pool-size=0',
};

/** More authorities for TLS, which Node reads at each start, in a time of 40 ms. Only umldir asks servers of others: etcd. */
const environment = (name) => (name === 'umldir.ts' ? '' : ' -u NODE_EXTRA_CA_CERTS');

// Programs may be running, or about to be started: each is replaced when all are there.
const made = `${root}dist.new`;
rmSync(made, { recursive: true, force: true });
for (const name of programs)
  await build({
    absWorkingDir: root,
    entryPoints: [`src/bin/${name}`],
    outdir: made,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    // Node keeps the text in memory. Names stay, for the traces of faults.
    minifyWhitespace: true,
    minifySyntax: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    external: ['koffi', 'node-pty'],
    banner: { js: `#!/usr/bin/env -S${environment(name)} node${nodeOptions[name] ?? ''}` },
    sourcemap: 'linked',
    logLevel: 'warning',
  });
for (const name of programs) chmodSync(`${made}/${name.replace(/\.ts$/, '.cjs')}`, 0o755);

// The body of umlrun, whose compiled code is kept (src/umlrun/compiled.ts). Less text is sooner compiled.
await build({
  absWorkingDir: root,
  entryPoints: ['src/umlrun/program.ts'],
  outfile: `${made}/umlrun-main.cjs`,
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  external: ['koffi', 'node-pty'],
  sourcemap: 'linked',
  logLevel: 'warning',
});

// The thread of a monitor that emulates terminals (docs/decisions/0017-screens.md).
await build({
  absWorkingDir: root,
  entryPoints: ['src/console/screen-worker.ts'],
  outfile: `${made}/umlmon-screen.cjs`,
  bundle: true,
  minifyWhitespace: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  // What @xterm/headless calls its module is not in its package.
  mainFields: ['main'],
  logLevel: 'warning',
});

// What umlrun starts in its guests: without libraries, as they have none.
const parts = ['main', 'line', 'network', 'job', 'streams'].map((name) => `src/umlrun/init/${name}.c`);
execFileSync('cc', ['-static', '-Os', '-s', '-Wall', '-Wextra', '-o', `${made}/umlrun-init`, ...parts], {
  cwd: root,
  stdio: 'inherit',
});

// What umladmin fetches kernels with.
copyFileSync(`${root}src/setup/kernel.sh`, `${made}/kernel.sh`);
await buildPage(root, made);

mkdirSync(`${root}dist`, { recursive: true });
for (const name of readdirSync(made)) renameSync(`${made}/${name}`, `${root}dist/${name}`);
rmSync(made, { recursive: true });
