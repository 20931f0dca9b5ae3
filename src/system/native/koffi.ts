import { loadAddon } from './addon.ts';

export type Koffi = typeof import('koffi');

let loaded: Koffi | undefined;

/**
 * The foreign function interface, loaded at its first use: the binary for this machine at once. The package before it
 * looks for that in many places, which doubles the time.
 */
export function koffi(): Koffi {
  loaded ??= loadAddon(`@koromix/koffi-linux-${process.arch}`) as Koffi;
  return loaded;
}
