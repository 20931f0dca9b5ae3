import { existsSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isSystemError, UmlmonError } from '../system/errors/errors.ts';
import { kernelLimits } from '../system/limits/limits.ts';
import type { Elf } from './elf.ts';
import { type OpenElf, withElfFile } from './elf-file.ts';
import { collectTraits, type KernelTraits, OVERLAP } from './traits.ts';

export interface KernelProbe extends KernelTraits, Pick<Elf, 'machine' | 'linking'> {
  /** Host path of the kernel, links resolved: a newer `kernel` link does not change a VM that starts. */
  readonly file: string;
  /** lib/ of the kernel directory, the place for its libraries; absent: those of the host. */
  readonly libraryDirectory?: string;
  /** modules/ of the kernel directory. */
  readonly moduleDirectory?: string;
}

const PIECE = 1024 * 1024;
/** More than any kernel loads, debugging information not counted. */
const LOADED_MAX = kernelLimits.probedBytes;
const CACHE_VERSION = 1;
const CACHE_ENTRIES_MAX = kernelLimits.probesKept;
const CACHE_BYTES_MAX = kernelLimits.probeCacheBytes;

/**
 * Finds out what a kernel is, by reading it: nothing of it is executed.
 *
 * @param path an executable file, or a kernel directory (`linux`, and beside it `lib/` and `modules/`)
 * @param cacheFile remembers what was read, by device, inode, size and time of change: reading takes some
 *   10 ms, remembering less than one. A damaged or unwritable cache only costs that time.
 * @throws UmlmonError KERNEL_MISSING, KERNEL_NOT_ELF
 */
export function probeKernel(path: string, cacheFile?: string): KernelProbe {
  const { file, directory } = locate(path);
  const inDirectory = (name: string) => {
    const found = directory && join(directory, name);
    return found && existsSync(found) ? found : undefined;
  };
  const libraryDirectory = inDirectory('lib');
  const moduleDirectory = inDirectory('modules');
  return withElfFile(file, (opened) => {
    const { machine, linking } = opened.elf;
    return {
      file,
      ...(libraryDirectory === undefined ? {} : { libraryDirectory }),
      ...(moduleDirectory === undefined ? {} : { moduleDirectory }),
      machine,
      linking,
      ...(cacheFile === undefined ? readTraits(opened) : rememberedTraits(opened, cacheFile)),
    };
  });
}

function locate(path: string): { file: string; directory?: string } {
  try {
    if (!statSync(path).isDirectory()) return { file: realpathSync(path) };
    const file = realpathSync(join(path, 'linux'));
    return { file, directory: dirname(file) };
  } catch (error) {
    throw new UmlmonError('KERNEL_MISSING', {
      place: path,
      cause: error instanceof Error ? error.message : String(error),
      hint: 'give a kernel, or a directory that contains a kernel named "linux"',
    });
  }
}

function readTraits({ elf, readAt }: OpenElf): KernelTraits {
  const traits = collectTraits();
  let left = LOADED_MAX;
  for (const { offset, length } of elf.segments)
    for (let done = 0; done < length && left > 0; done += PIECE - OVERLAP) {
      traits.add(readAt(offset + done, Math.min(PIECE, length - done)));
      left -= PIECE;
    }
  return traits.result();
}

type Cache = Readonly<Record<string, KernelTraits>>;

function rememberedTraits(opened: OpenElf, cacheFile: string): KernelTraits {
  const cache = readCache(cacheFile);
  const known = cache[opened.identity];
  if (known) return known;
  const traits = readTraits(opened);
  const newest = [...Object.entries(cache), [opened.identity, traits] as const].slice(-CACHE_ENTRIES_MAX);
  writeCache(cacheFile, Object.fromEntries(newest));
  return traits;
}

function readCache(cacheFile: string): Cache {
  try {
    if (statSync(cacheFile).size > CACHE_BYTES_MAX) return {};
    const content: unknown = JSON.parse(readFileSync(cacheFile, 'utf8'));
    if (!isRecord(content) || content.version !== CACHE_VERSION || !isRecord(content.kernels)) return {};
    return Object.fromEntries(
      Object.entries(content.kernels).flatMap(([identity, traits]) =>
        isTraits(traits) ? [[identity, traits]] : [],
      ),
    );
  } catch {
    return {}; // Missing, unreadable or damaged: the next write replaces it.
  }
}

function writeCache(cacheFile: string, kernels: Cache): void {
  // Monitors that start at the same time have a file each; the last one's stays.
  const fresh = `${cacheFile}.${process.pid}`;
  try {
    writeFileSync(fresh, JSON.stringify({ version: CACHE_VERSION, kernels }), { mode: 0o644, flag: 'wx' });
    renameSync(fresh, cacheFile);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    // A cache that cannot be written does not keep a VM from starting.
    if (existsSync(fresh)) rmSync(fresh, { force: true });
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTraits(value: unknown): value is KernelTraits {
  const isNames = (names: unknown) => Array.isArray(names) && names.every((name) => typeof name === 'string');
  return (
    isRecord(value) &&
    typeof value.uml === 'boolean' &&
    typeof value.seccomp === 'boolean' &&
    typeof value.version === 'string' &&
    typeof value.banner === 'string' &&
    isNames(value.transports) &&
    isNames(value.legacyTransports)
  );
}
