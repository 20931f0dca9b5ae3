import type { Loaded } from '../../../src/config/config.ts';
import { type HostDefaults, loadConfig, type Source } from '../../../src/config/file/load.ts';

export const rootDefaults: HostDefaults = { vardir: '/var/lib/umlmon', rundir: '/run/umlmon', root: true };

export function mainSource(text: string | Uint8Array): Source {
  return { file: 'umlmon.ini', text: typeof text === 'string' ? Buffer.from(text) : text, layer: 'main' };
}

/** Loads a main file and, if given, the overrides of the user of vm1. */
export function load(text: string | Uint8Array, override?: string): Loaded {
  const sources = [mainSource(text)];
  if (override !== undefined)
    sources.push({ file: 'vm1/config', text: Buffer.from(override), layer: 'user', vm: 'vm1' });
  return loadConfig(sources, rootDefaults);
}
