import { checkGlobal, checkNeighbours } from '../checks/check-all.ts';
import { checkVm } from '../checks/check-vm.ts';
import type { Config, GlobalConfig, Loaded, VmConfig } from '../config.ts';
import { globalKeys } from '../keys/global-keys.ts';
import { vmKeys } from '../keys/vm-keys.ts';
import { vmNameDamage } from '../names.ts';
import { parseHostDirectory, usualPlaceRefusal } from '../paths.ts';
import { maxProblems, type Origin, type Problem, problemAt, type Refusal } from '../problem.ts';
import { type IniSection, parseIni } from './ini.ts';
import { readKeys, type Written } from './read-keys.ts';

/**
 * One configuration file. `main` has [GLOBAL] and any VMs, `vm-file` exactly the section of its VM, and `user` what
 * the user of a VM overrides. The last two name their VM.
 */
export interface Source {
  readonly file: string;
  readonly text: Uint8Array;
  readonly layer: 'main' | 'vm-file' | 'user';
  readonly vm?: string;
}

/** Defaults that depend on the host and the user: see hostDefaults in locate.ts. */
export interface HostDefaults {
  /** '' if the user has no home directory. */
  readonly vardir: string;
  readonly rundir: string;
  /** Whether monitors run as root, so that VMs need their own users. */
  readonly root: boolean;
}

/** The keys of one section, gathered from all files. */
interface Gathered {
  readonly place: Origin;
  readonly written: Map<string, Written>;
  readonly problems: Problem[];
}

interface Gathering {
  global: Gathered | undefined;
  readonly vms: Map<string, Gathered>;
  /** Problems that belong to no VM. */
  readonly common: Problem[];
}

/** All files as one frozen configuration, with all their problems. Later files override earlier ones. Never throws. */
export function loadConfig(sources: readonly Source[], defaults: HostDefaults): Loaded {
  const gathering: Gathering = { global: undefined, vms: new Map(), common: [] };
  for (const source of sources) gatherSource(gathering, source);

  const global = readGlobal(gathering, defaults);
  const vms = new Map<string, VmConfig>();
  const broken = new Map<string, readonly Problem[]>();
  const all = [...gathering.common];
  for (const [name, gathered] of gathering.vms) {
    const problems = [...gathered.problems];
    const vm = readVm(name, gathered, problems, all.length < maxProblems);
    if (vm) problems.push(...checkVm(vm, defaults.root));
    const errors = inOrder(problems.filter(isError), sources);
    if (errors.length > 0) broken.set(name, errors);
    else if (vm) vms.set(name, deepFreeze(vm));
    all.push(...problems);
  }
  const valid = global !== undefined && !gathering.common.some(isError);
  const config: Config | undefined = valid ? Object.freeze({ global: deepFreeze(global), vms }) : undefined;
  if (config) all.push(...checkNeighbours(config, defaults.root));
  return { ...(config && { config }), problems: inOrder(all, sources), broken };
}

function gatherSource(gathering: Gathering, source: Source): void {
  // A user file can change a VM but not create one.
  if (source.layer === 'user' && !gathering.vms.has(source.vm ?? '')) return;
  const { sections, problems } = parseIni(source.file, source.text);
  const line = sections.find(({ name }) => name === source.vm)?.line;
  const owner = source.vm === undefined ? undefined : vmOf(gathering, source.vm, source, line);
  if (source.layer === 'vm-file' && owner && problems.length === 0 && sections.length === 0)
    owner.problems.push(
      problemAt(
        { file: source.file, line: 0, section: '', key: '' },
        { code: 'CONFIG_REQUIRED', cause: 'the file has no section', hint: `write [${source.vm}]` },
      ),
    );
  for (const section of sections) gatherSection(gathering, source, section);
  for (const problem of problems) {
    const vm = source.vm ?? problem.section;
    (gathering.vms.get(vm)?.problems ?? gathering.common).push(problem);
  }
}

function vmOf(gathering: Gathering, name: string, { file }: Source, line = 0): Gathered {
  const known = gathering.vms.get(name);
  if (known) return known;
  const fresh = { place: { file, line, section: name, key: '' }, written: new Map(), problems: [] };
  gathering.vms.set(name, fresh);
  return fresh;
}

function gatherSection(gathering: Gathering, source: Source, section: IniSection): void {
  const { file, layer } = source;
  const { name, line } = section;
  const place: Origin = { file, line, section: name, key: '' };
  if (source.vm !== undefined && name !== source.vm) {
    const why: Refusal = {
      code: 'CONFIG_BAD_NAME',
      cause: `only the section [${source.vm}] may be in this file`,
      hint: layer === 'user' ? 'only the administrator may change other settings' : 'move the section',
    };
    vmOf(gathering, source.vm, source).problems.push(problemAt(place, why));
    return;
  }
  if (name === 'GLOBAL') {
    gathering.global = { place, written: new Map(), problems: gathering.common };
    gatherEntries(gathering.global, source, section);
    return;
  }
  const damage = vmNameDamage(name);
  if (damage) {
    gathering.common.push(problemAt(place, damage));
    return;
  }
  const known = gathering.vms.get(name);
  if (layer === 'vm-file' && known && known.place.file !== file) {
    const cause = `the VM is already defined in ${known.place.file}:${known.place.line}`;
    known.problems.push(problemAt(place, { code: 'CONFIG_DUPLICATE', cause, hint: 'remove one of them' }));
    return;
  }
  const vm = vmOf(gathering, name, source, line);
  gatherEntries(vm, source, section);
}

function gatherEntries(gathered: Gathered, source: Source, section: IniSection): void {
  for (const { key, value, line } of section.entries) {
    const origin: Origin = { file: source.file, line, section: section.name, key };
    const below = gathered.written.get(key);
    const layer = source.layer === 'user' ? 'user' : 'admin';
    gathered.written.set(key, { value, origin, layer, ...(below && { below }) });
  }
}

function readGlobal(gathering: Gathering, defaults: HostDefaults): GlobalConfig | undefined {
  const { common } = gathering;
  const { written, place } = gathering.global ?? {
    written: new Map<string, Written>(),
    place: { file: '', line: 0, section: 'GLOBAL', key: '' },
  };
  // An invalid vardir is reported once: `shared` then uses the default.
  const vardir = parseHostDirectory(written.get('vardir')?.value ?? '');
  const read = readKeys(globalKeys, vmKeys, written, {
    vardir: defaults.vardir,
    rundir: defaults.rundir,
    shared: `${'value' in vardir ? vardir.value : defaults.vardir}/shared`,
  });
  common.push(...read.problems.map(ofUsualPlace));
  if (!read.values) return undefined;
  const global: GlobalConfig = {
    ...read.values,
    settings: read.settings,
    origins: { ...read.origins, '': place },
  };
  common.push(...checkGlobal(global));
  return global;
}

/** Default directories come from the environment, so their problems are in no file. */
function ofUsualPlace(problem: Problem): Problem {
  if (problem.file !== '' || problem.code !== 'CONFIG_PATH') return problem;
  return { ...problem, ...usualPlaceRefusal(problem.key, problem) };
}

function readVm(
  name: string,
  gathered: Gathered,
  problems: Problem[],
  advise: boolean,
): VmConfig | undefined {
  const read = readKeys(vmKeys, globalKeys, gathered.written, {}, advise);
  problems.push(...read.problems);
  if (!read.values) return undefined;
  return { name, ...read.values, settings: read.settings, origins: { ...read.origins, '': gathered.place } };
}

function isError(problem: Problem): boolean {
  return problem.severity === 'error';
}

function inOrder(problems: readonly Problem[], sources: readonly Source[]): Problem[] {
  const rank = new Map(sources.map(({ file }, index) => [file, index]));
  const fileRank = ({ file }: Problem): number => rank.get(file) ?? -1;
  return [...problems].sort((a, b) => fileRank(a) - fileRank(b) || a.line - b.line);
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) deepFreeze(part);
  return value;
}
