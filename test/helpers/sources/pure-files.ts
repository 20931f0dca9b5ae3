/**
 * Which files of src are pure: they decide, and take and return values. A file is pure if its head comment says `Pure.`
 * (or `Pure:`, `Pure;`), or if it lies in a directory of `pureDirectories`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const sourceDirectory = join(import.meta.dirname, '../../../src');

/** Every file in these is pure, whatever its head comment says. */
export const pureDirectories: readonly string[] = [
  'cli/completion',
  'cli/man',
  'config/checks',
  'config/keys',
  'config/networks',
  'config/values',
  'monitor/pages',
  'rpc/codec',
  'system/limits',
  'system/sharing',
];

/** Whether the comment at the first byte of a file claims that the file is pure. */
export function claimsPure(text: string): boolean {
  return /\bPure[.:;,]/.test(/^\/\*\*[\s\S]*?\*\//.exec(text)?.[0] ?? '');
}

/** The pure files, relative to src, in order. */
export function pureFiles(): string[] {
  return sourceFiles().filter(
    (file) =>
      pureDirectories.includes(dirname(file)) ||
      claimsPure(readFileSync(join(sourceDirectory, file), 'utf8')),
  );
}

/** All files of src that run in Node, relative to src. */
export function sourceFiles(): string[] {
  return readdirSync(sourceDirectory, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.startsWith('web/browser/'))
    .sort();
}
