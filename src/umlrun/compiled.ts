/** Compiled code of umlrun is kept, because it starts anew for each command: a tenth of its time is that of the compiler. */
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';
import { isSystemError } from '../system/errors/errors.ts';
import { homeDirectory } from '../system/home.ts';

type Program = (require: NodeJS.Require, __filename: string, __dirname: string) => void;

/** Code of several versions, as of an installed one and a checkout. */
const bundlesKept = 4;

/** Runs a CommonJS bundle, with what an earlier process has compiled of it, or keeps that for the next one. */
export function runCompiled(file: string): void {
  const source = readFileSync(file, 'utf8');
  const codeFile = codeFileOf(file);
  const cachedData = codeFile && readOwn(codeFile);
  const script = new Script(`(function (require, __filename, __dirname) {${source}\n})`, {
    filename: file,
    ...(cachedData ? { cachedData } : {}),
  });
  // V8 itself refuses code of another version of V8.
  if (codeFile && (!cachedData || script.cachedDataRejected === true))
    process.once('exit', () => keep(script, codeFile));
  (script.runInThisContext() as Program)(createRequire(file), file, dirname(file));
}

/** Beside the cached kernels; the name changes with the bundle. Undefined if there is no such place. */
function codeFileOf(file: string): string | undefined {
  const { XDG_CACHE_HOME } = process.env;
  const home = homeDirectory(process.env);
  const own = XDG_CACHE_HOME?.startsWith('/') ? XDG_CACHE_HOME : home && join(home, '.cache');
  const cache = process.geteuid?.() === 0 ? '/var/cache' : own;
  if (!cache) return undefined;
  const { size, mtimeMs, ino } = statSync(file);
  return join(cache, 'umlmon/code', `${ino}-${size}-${Math.round(mtimeMs)}-${process.version}`);
}

/** Refuses code that another user could have written. */
function readOwn(path: string): Buffer | undefined {
  try {
    if (!isOwn(statSync(dirname(path)))) return undefined;
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const found = fstatSync(fd);
      return found.isFile() && isOwn(found) ? readFileSync(fd) : undefined;
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}

function isOwn({ uid, mode }: Stats): boolean {
  return uid === process.geteuid?.() && (mode & 0o022) === 0;
}

/** At the end, when what is needed has been compiled. Failure costs only time. */
function keep(script: Script, path: string): void {
  const directory = dirname(path);
  const fresh = `${path}.${process.pid}`;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (const old of newestFirst(directory).slice(bundlesKept - 1)) rmSync(old, { force: true });
    writeFileSync(fresh, script.createCachedData(), { mode: 0o600, flag: 'wx' });
    renameSync(fresh, path);
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}

function newestFirst(directory: string): string[] {
  const timeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return readdirSync(directory)
    .map((name) => join(directory, name))
    .sort((a, b) => timeOf(b) - timeOf(a));
}
