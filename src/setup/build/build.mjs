// Bundles each program of src/bin into one CommonJS file under dist/ (docs/decisions/0003-bundles.md).
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { basename } from 'node:path';
import { build } from 'esbuild';
import { buildPage } from './build-page.mjs';
import { firstLine, launcherTables } from './node-options.mjs';

const root = new URL('../../../', import.meta.url).pathname;
const programs = readdirSync(`${root}src/bin`).flatMap((file) =>
  file.endsWith('.ts') ? [basename(file, '.ts')] : [],
);
const node = realpathSync(process.execPath);

/** Few calls need it, so it is a file of its own, which Node reads at the first of them (docs/decisions/0026-host-commands.md). */
const execaApart = {
  name: 'execa-apart',
  setup({ onResolve }) {
    onResolve({ filter: /^execa$/ }, ({ kind }) => {
      if (kind !== 'dynamic-import') throw new Error('execa is imported by import() only');
      return { path: './umlmon-execa.cjs', external: true };
    });
  },
};

// Programs may be running, or about to be started: each is replaced when all are there.
const made = `${root}dist.new`;
rmSync(made, { recursive: true, force: true });
for (const name of programs)
  await build({
    absWorkingDir: root,
    entryPoints: [`src/bin/${name}.ts`],
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
    plugins: [execaApart],
    // What ws would look for in every directory of packages from here to the root.
    define: { 'process.env.WS_NO_BUFFER_UTIL': '"1"', 'process.env.WS_NO_UTF_8_VALIDATE': '"1"' },
    banner: { js: firstLine(name, node) },
    sourcemap: 'linked',
    logLevel: 'warning',
  });
for (const name of programs) chmodSync(`${made}/${name}.cjs`, 0o755);

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
  entryPoints: ['src/console/screen/worker.ts'],
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

await build({
  stdin: { contents: "export { execa } from 'execa';", resolveDir: root },
  outfile: `${made}/umlmon-execa.cjs`,
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  logLevel: 'warning',
});

// What umlrun starts in its guests: without libraries, as they have none.
const parts = ['main', 'line', 'network', 'job', 'streams'].map((name) => `src/umlrun/init/${name}.c`);
execFileSync('cc', ['-static', '-Os', '-s', '-Wall', '-Wextra', '-o', `${made}/umlrun-init`, ...parts], {
  cwd: root,
  stdio: 'inherit',
});

// The launcher, with which all programs start. It needs no loader, which would read variables before they are removed.
execFileSync('cc', ['-static', '-Os', '-s', '-Wall', '-Wextra', '-o', `${made}/launcher`, '-x', 'c', '-'], {
  input: `${launcherTables(programs, node)}${readFileSync(`${root}src/bin/launcher.c`, 'utf8')}`,
  stdio: ['pipe', 'inherit', 'inherit'],
});
for (const name of programs) symlinkSync('launcher', `${made}/${name}`);

// What umladmin fetches kernels with.
copyFileSync(`${root}src/setup/kernel.sh`, `${made}/kernel.sh`);
await buildPage(root, made);

mkdirSync(`${root}dist`, { recursive: true });
for (const name of readdirSync(made)) renameSync(`${made}/${name}`, `${root}dist/${name}`);
rmSync(made, { recursive: true });
