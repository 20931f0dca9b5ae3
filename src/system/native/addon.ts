import { createRequire } from 'node:module';
import { UmlmonError } from '../errors/errors.ts';
import { shellWord } from '../shell-word.ts';

/**
 * `require` for native addons, which stay outside the bundles and are loaded when first needed: the clients
 * never pay for them. The bundles are CommonJS and vitest gives its modules the same variable, so `__filename`
 * names this file in both (`import.meta.url` is empty in a CommonJS bundle).
 */
export const requireAddon = createRequire(__filename);

/**
 * The same for an addon that must be loaded now. Errors: HOST_MOUNT where the host does not map it as a program, as on a file
 * system that is mounted noexec; else those of require.
 */
export function loadAddon(name: string): unknown {
  try {
    return requireAddon(name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_DLOPEN_FAILED')) throw error;
    throw new UmlmonError('HOST_MOUNT', {
      place: __filename,
      cause: `an addon of umlmon cannot be loaded: ${error.message}`,
      hint: `findmnt -T ${shellWord(__filename)} shows how it is mounted; install umlmon on a file system without noexec`,
    });
  }
}
