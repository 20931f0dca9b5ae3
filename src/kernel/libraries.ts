import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { UmlmonError } from '../system/errors/errors.ts';
import { kernelLimits } from '../system/limits/limits.ts';
import { withElfFile } from './elf-file.ts';
import { parseLoaderCache } from './loader-cache.ts';

export interface Libraries {
  /** The loader; a static program has none. */
  readonly interpreter: { readonly jailPath: string; readonly hostPath: string } | undefined;
  /** All libraries that may be loaded, each once, those needed first ahead. The loader is not among them. */
  readonly libraries: readonly { readonly name: string; readonly hostPath: string }[];
}

/** Host paths of the loader and the libraries. */
export function filesOf({ interpreter, libraries }: Libraries): string[] {
  return [...(interpreter ? [interpreter.hostPath] : []), ...libraries.map(({ hostPath }) => hostPath)];
}

const CLOSURE_MAX = kernelLimits.libraries;
const LIBC_MAX = kernelLimits.libcBytes;
/** Different libcs whose names are remembered. */
const LIBCS_MAX = 16;
const defaultDirectories = ['/lib64', '/usr/lib64', '/lib', '/usr/lib'];

/**
 * The files that a program needs in a jail: its loader and libraries, recursively. Libraries that libc loads by name when
 * it needs them are included (without libgcc_s.so.1 a kernel boots, and aborts at power off).
 *
 * @param directory the only directory to search, as in a kernel directory's lib/; if absent, those of the host's loader
 * @throws UmlmonError KERNEL_LIBRARY_MISSING, KERNEL_MISSING, KERNEL_NOT_ELF
 */
export function resolveLibraries(program: string, directory?: string): Libraries {
  const found = new Map<string, string>();
  const { interpreter, needed, runpath } = withElfFile(program, ({ elf }) => elf);
  if (interpreter === undefined) return { interpreter: undefined, libraries: [] };

  const loaderName = basename(interpreter);
  const lookUp = (name: string, neededBy: string, ownPath: readonly string[]): string => {
    const candidates = directory
      ? [join(directory, name)]
      : [
          ...(name === loaderName ? [interpreter] : []),
          ...ownPath.map((path) => join(path, name)),
          ...[hostLibraries().get(name) ?? []].flat(),
          ...defaultDirectories.map((path) => join(path, name)),
        ];
    const path = candidates.find((candidate) => existsSync(candidate));
    if (path !== undefined) return path;
    throw new UmlmonError('KERNEL_LIBRARY_MISSING', {
      place: program,
      cause: `${basename(neededBy)} needs ${name}; not found: ${candidates.join(', ')}`,
      hint: directory ? `copy ${name} into ${directory}` : `install the package that contains ${name}`,
    });
  };

  const loader = { jailPath: interpreter, hostPath: lookUp(loaderName, program, []) };
  const queue = needed.map((name) => ({ name, neededBy: program, ownPath: expand(runpath, program) }));
  for (let next = queue.shift(); next; next = queue.shift()) {
    if (next.name === loaderName || found.has(next.name)) continue;
    if (found.size === CLOSURE_MAX || basename(next.name) !== next.name)
      throw new UmlmonError('KERNEL_LIBRARY_MISSING', {
        place: program,
        cause: `${next.neededBy} needs ${next.name}: invalid name, or more than ${CLOSURE_MAX} libraries`,
      });
    const hostPath = lookUp(next.name, next.neededBy, next.ownPath);
    found.set(next.name, hostPath);
    const library = withElfFile(hostPath, ({ elf }) => elf);
    const ownPath = expand(library.runpath, hostPath);
    for (const name of [...library.needed, ...loadedByName(next.name, hostPath)])
      queue.push({ name, neededBy: hostPath, ownPath });
  }
  return { interpreter: loader, libraries: [...found].map(([name, hostPath]) => ({ name, hostPath })) };
}

function expand(runpath: readonly string[], file: string): string[] {
  const origin = dirname(file);
  return runpath.map((path) => path.replace(/^\$(ORIGIN|\{ORIGIN\})/, () => origin)).filter(isAbsolute);
}

let hostPaths: ReadonlyMap<string, string> | undefined;

function hostLibraries(): ReadonlyMap<string, string> {
  try {
    hostPaths ??= parseLoaderCache(readFileSync('/etc/ld.so.cache'), process.arch);
  } catch {
    hostPaths = new Map(); // A host without the cache uses the directories only.
  }
  return hostPaths;
}

const phrase = ' must be installed for ';
/** Bytes before the phrase in which a name may be; the phrase itself is shorter. */
const NAME_SPACE = 64;
const PIECE = 128 * 1024;

const namesInLibc = new Map<string, readonly string[]>();

/** libc has a text for each library that it loads by name: "NAME must be installed for …" (glibc, libgcc_s_for…). */
function loadedByName(name: string, path: string): readonly string[] {
  if (!/^libc\.so\.\d+$/.test(name)) return [];
  const { size, mtimeMs } = statSync(path);
  const key = `${path}:${size}:${mtimeMs}`;
  const known = namesInLibc.get(key);
  if (known || size > LIBC_MAX) return known ?? [];
  const names = new Set<string>();
  // In pieces, which overlap by more than a name and the phrase: as a whole it would take three times as long.
  const piece = Buffer.allocUnsafeSlow(PIECE);
  const fd = openSync(path, 'r');
  try {
    for (let offset = 0, length = PIECE; length === PIECE; offset += PIECE - 2 * NAME_SPACE) {
      length = readSync(fd, piece, 0, PIECE, offset);
      const libc = piece.subarray(0, length);
      for (let at = libc.indexOf(phrase); at >= 0; at = libc.indexOf(phrase, at + phrase.length)) {
        // The piece before had it with the whole name.
        if (offset > 0 && at < NAME_SPACE) continue;
        const before = libc.toString('latin1', Math.max(0, at - NAME_SPACE), at);
        const library = /[\w.+-]+\.so\.\d+$/.exec(before)?.[0];
        if (library) names.add(library);
      }
    }
  } finally {
    closeSync(fd);
  }
  if (namesInLibc.size === LIBCS_MAX) namesInLibc.clear();
  namesInLibc.set(key, [...names]);
  return [...names];
}
