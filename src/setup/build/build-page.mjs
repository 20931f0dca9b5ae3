// Bundles the page of umlweb: one script, one style sheet, and the files that are as they are.
import { copyFileSync } from 'node:fs';
import { build } from 'esbuild';

/** @param {string} root of the project @param {string} made directory for the files */
export async function buildPage(root, made) {
  await build({
    absWorkingDir: root,
    entryPoints: [
      { in: 'src/web/browser/main.ts', out: 'umlweb-page' },
      { in: 'src/web/browser/styles/style.css', out: 'umlweb-page' },
    ],
    outdir: made,
    bundle: true,
    minify: true,
    platform: 'browser',
    target: ['chrome123', 'firefox120', 'safari17.5'],
    format: 'iife',
    legalComments: 'none',
    logLevel: 'warning',
  });
  copyFileSync(`${root}src/web/browser/page.html`, `${made}/umlweb-page.html`);
  copyFileSync(`${root}src/web/browser/icon.svg`, `${made}/umlweb-page.svg`);
}
