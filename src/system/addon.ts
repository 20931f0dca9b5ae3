import { createRequire } from 'node:module';

/**
 * `require` for native addons, which stay outside the bundles and are loaded when first needed: the clients
 * never pay for them. The bundles are CommonJS and vitest gives its modules the same variable, so `__filename`
 * names this file in both (`import.meta.url` is empty in a CommonJS bundle).
 */
export const requireAddon = createRequire(__filename);
