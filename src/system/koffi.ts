import { requireAddon } from './addon.ts';

export type Koffi = typeof import('koffi');

let loaded: Koffi | undefined;

/** The foreign function interface, loaded at its first use. */
export function koffi(): Koffi {
  loaded ??= requireAddon('koffi') as Koffi;
  return loaded;
}
