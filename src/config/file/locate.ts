import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { absolutePath } from '../../system/files/current-directory.ts';
import { homeDirectory, stateHome } from '../../system/home.ts';
import { shellWord } from '../../system/shell-word.ts';
import type { Config, Loaded } from '../config.ts';
import { vmNameDamage } from '../names.ts';
import { type Problem, problemAt } from '../problem.ts';
import { type HostDefaults, loadConfig, type Source } from './load.ts';
import { listNames, readRegularFile } from './read-file.ts';

export interface ConfigRequest {
  /** Value of the option -config. */
  readonly configPath?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Effective user id of this process. */
  readonly uid: number;
  /** The only VM of interest: files of others are read only if necessary. */
  readonly vm?: string;
}

export interface ReadConfig extends Loaded {
  /** The main file; '' if missing. */
  readonly file: string;
  /** Whether the defaults of root apply. */
  readonly root: boolean;
}

/** The configuration of the administrator of the host; in 2005, /etc/umlmon was the file itself. */
const systemPlaces: readonly string[] = ['/etc/umlmon/umlmon.ini', '/etc/umlmon'];

/** Whether a main file is that of the host's administrator. */
export function isSystemPlace(file: string): boolean {
  return systemPlaces.includes(file);
}

/** Possible paths of the main configuration file; the first existing one is used. */
export function configPlaces({ configPath, env, uid }: ConfigRequest): string[] {
  if (configPath !== undefined) return [absolutePath(configPath)];
  if (env.UMLMON_CONFIG) return [absolutePath(env.UMLMON_CONFIG)];
  if (uid === 0) return [...systemPlaces];
  const home = homeDirectory(env);
  const own = absolute(env.XDG_CONFIG_HOME) ?? (home === undefined ? undefined : join(home, '.config'));
  return [...(own === undefined ? [] : [join(own, 'umlmon/umlmon.ini')]), ...systemPlaces];
}

/** Default directories of root, or of another user (XDG Base Directory Specification). */
export function hostDefaults({ env, uid }: ConfigRequest): HostDefaults {
  if (uid === 0) return { vardir: '/var/lib/umlmon', rundir: '/run/umlmon', root: true };
  const state = stateHome(env);
  const runtime = absolute(env.XDG_RUNTIME_DIR);
  return {
    vardir: state === undefined ? '' : join(state, 'umlmon'),
    rundir: runtime === undefined ? `/tmp/umlmon-${uid}` : join(runtime, 'umlmon'),
    root: false,
  };
}

/** XDG variables without an absolute path are ignored. */
function absolute(path: string | undefined): string | undefined {
  return path?.startsWith('/') ? path : undefined;
}

/** The files of the administrator, read but not checked. */
export interface ReadSources {
  /** The main file; '' if missing. */
  readonly file: string;
  readonly sources: readonly Source[];
  /** Unreadable files. */
  readonly unread: readonly Problem[];
  readonly defaults: HostDefaults;
}

/**
 * Finds, reads and checks the configuration: the main file, vms/NAME.ini beside it, and VARDIR/VM/config of the
 * VMs. It never throws: an unreadable file is a problem like any other.
 */
export function readConfig(request: ConfigRequest): ReadConfig {
  return checkSources(readSources(request), request.vm);
}

/**
 * The configuration without any file: the default directories of this user, and no VM. For commands that run before the
 * first configuration exists: fetching a kernel, examining the host.
 */
export function defaultConfig(request: ConfigRequest): Config {
  const empty: Source = { file: '', text: Buffer.alloc(0), layer: 'main' };
  const { config } = loadConfig([empty], hostDefaults(request));
  if (!config) throw new Error('the defaults of the configuration are not valid');
  return config;
}

/** The main file, and vms/NAME.ini beside it. */
export function readSources(request: ConfigRequest): ReadSources {
  const unread: Problem[] = [];
  const main = readMain(configPlaces(request), unread);
  // The configuration of the host uses the directories of the host, whichever user reads it.
  const defaults = hostDefaults(main && isSystemPlace(main.file) ? { ...request, uid: 0 } : request);
  const sources = main ? [main, ...readVmFiles(main.file, request.vm, unread)] : [];
  return { file: main?.file ?? '', sources, unread, defaults };
}

/** Checks what was read, with VARDIR/VM/config of the VMs; `only` is the only VM of interest. */
export function checkSources(read: ReadSources, only?: string): ReadConfig {
  const { file, sources, defaults } = read;
  const { root } = defaults;
  if (sources.length === 0) return { file, root, problems: read.unread, broken: new Map() };
  const unread = [...read.unread];
  const admin = loadConfig(sources, defaults);
  const overrides = readOverrides(admin, only, unread);
  const loaded = overrides.length > 0 ? loadConfig([...sources, ...overrides], defaults) : admin;
  return { ...withUnread(loaded, unread), file, root };
}

function readMain(places: readonly string[], unread: Problem[]): Source | undefined {
  for (const file of places) {
    const text = readRegularFile(file, 'any');
    if (Buffer.isBuffer(text)) return { file, text, layer: 'main' };
    // /etc/umlmon is a directory today and was the file itself in 2005.
    if (text === undefined || (text.isDirectory && places.length > 1)) continue;
    unread.push(problemAt(wholeFile(file), text));
    return undefined;
  }
  unread.push(
    problemAt(wholeFile(''), {
      code: 'CONFIG_MISSING',
      cause: `no configuration file found; tried ${places.join(', ')}`,
      hint: missingHint(places[0] ?? ''),
    }),
  );
  return undefined;
}

/** install-host installs an example there. */
const example = '/etc/umlmon/umlmon.example.ini';

function missingHint(place: string): string {
  if (!existsSync(example)) return `write ${place}: umlmon(5) has an example, umlmon(7) the way there`;
  return `start with the example: mkdir -p ${shellWord(dirname(place))}; cp ${example} ${shellWord(place)}`;
}

function readVmFiles(mainFile: string, only: string | undefined, unread: Problem[]): Source[] {
  const directory = join(dirname(mainFile), 'vms');
  const sources: Source[] = [];
  const names = only === undefined ? listNames(directory) : [`${only}.ini`];
  if ('cause' in names) {
    unread.push(problemAt(wholeFile(directory), names));
    return [];
  }
  for (const name of names) {
    if (!name.endsWith('.ini') || name.startsWith('.')) continue;
    const vm = name.slice(0, -'.ini'.length);
    const damage = vmNameDamage(vm);
    if (damage) {
      if (only === undefined) unread.push(problemAt(wholeFile(join(directory, printable(name))), damage));
      continue;
    }
    const file = join(directory, name);
    const text = readRegularFile(file, 'any');
    if (Buffer.isBuffer(text)) sources.push({ file, text, layer: 'vm-file', vm });
    else if (text) unread.push(problemAt({ ...wholeFile(file), section: vm }, text));
  }
  return sources;
}

function readOverrides({ config, broken }: Loaded, only: string | undefined, unread: Problem[]): Source[] {
  if (!config) return [];
  const sources: Source[] = [];
  for (const vm of [...config.vms.keys(), ...broken.keys()]) {
    if (only !== undefined && vm !== only) continue;
    const file = join(config.global.vardir, vm, 'config');
    const text = readRegularFile(file, 'own');
    if (Buffer.isBuffer(text)) sources.push({ file, text, layer: 'user', vm });
    else if (text) unread.push(problemAt({ ...wholeFile(file), section: vm }, text));
  }
  return sources;
}

/** An unreadable file breaks its VM, or the whole configuration if it belongs to no VM. */
function withUnread(loaded: Loaded, unread: readonly Problem[]): Loaded {
  if (unread.length === 0) return loaded;
  const broken = new Map(loaded.broken);
  const vms = new Map(loaded.config?.vms);
  for (const problem of unread) {
    if (problem.section === '') continue;
    broken.set(problem.section, [...(broken.get(problem.section) ?? []), problem]);
    vms.delete(problem.section);
  }
  const problems = [...loaded.problems, ...unread];
  if (!loaded.config || unread.some(({ section }) => section === '')) return { problems, broken };
  return { config: Object.freeze({ global: loaded.config.global, vms }), problems, broken };
}

function wholeFile(file: string): { file: string; line: number; section: string; key: string } {
  return { file, line: 0, section: '', key: '' };
}

function printable(name: string): string {
  return name.replace(/[^\w.-]/g, '?');
}
