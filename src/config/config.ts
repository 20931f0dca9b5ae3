/** Pure. */
import { UmlmonError } from '../system/errors/errors.ts';
import type { globalKeys } from './keys/global-keys.ts';
import type { Values } from './keys/key.ts';
import type { vmKeys } from './keys/vm-keys.ts';
import { configError, type Origin, type Problem } from './problem.ts';
import { didYouMean } from './suggest.ts';

/** One key in force, as text. */
export interface Setting {
  readonly key: string;
  readonly value: string;
  /** `FILE:LINE`, or `default`. */
  readonly origin: string;
}

interface Section {
  /** All keys in force, in the order of the key table. */
  readonly settings: readonly Setting[];
  /** Where each key without its default was written; `''` is the section itself. */
  readonly origins: Readonly<Record<string, Origin>>;
}

/** Sizes in bytes, durations in milliseconds; see the key table (keys.ts). */
export type GlobalConfig = Values<typeof globalKeys> & Section;
export type VmConfig = Values<typeof vmKeys> & Section & { readonly name: string };

/** The whole configuration, free of errors. Deeply frozen. */
export interface Config {
  readonly global: GlobalConfig;
  readonly vms: ReadonlyMap<string, VmConfig>;
}

export interface Loaded {
  /** Absent if there is an error outside the sections of VMs. VMs with errors are omitted. */
  readonly config?: Config;
  /** All errors and warnings of all files, in the order of files and lines. */
  readonly problems: readonly Problem[];
  /** The errors of each VM that has some; an error in one VM does not affect another. */
  readonly broken: ReadonlyMap<string, readonly Problem[]>;
}

/** Where a key of a section was written, or the section itself if the key has its default. */
export function originOf(section: Section, key: string): Origin {
  const written = section.origins[key];
  if (written) return written;
  return { ...(section.origins[''] ?? { file: '', line: 0, section: '' }), key };
}

/** The errors that prevent a start of a VM: its own, and those outside the sections of VMs. */
export function mistakesOf({ problems, broken }: Loaded, name: string): readonly Problem[] {
  const elsewhere = new Set([...broken].flatMap(([other, mistakes]) => (other === name ? [] : mistakes)));
  return problems.filter((problem) => problem.severity === 'error' && !elsewhere.has(problem));
}

/** The configuration and one VM of it. @throws CONFIG_INVALID with all errors that affect the VM, CONFIG_NO_VM */
export function requireVm(loaded: Loaded, name: string): { config: Config; vm: VmConfig } {
  const { config, broken } = loaded;
  const mistakes = mistakesOf(loaded, name);
  if (mistakes.length > 0) throw configError(mistakes);
  const vm = config?.vms.get(name);
  if (config && vm) return { config, vm };
  const known = [...(config?.vms.keys() ?? []), ...broken.keys()];
  throw new UmlmonError('CONFIG_NO_VM', {
    place: `VM ${name}`,
    cause: 'the configuration has no section of this name',
    hint: didYouMean(
      name,
      known,
      known.length > 0 ? `VMs are ${known.slice(0, 20).join(', ')}` : 'add a section',
    ),
  });
}
