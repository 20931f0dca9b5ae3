/**
 * The headers of 64-bit little-endian ELF files: what a program needs before it can run (System V ABI, chapters 4
 * and 5). The file is hostile: every offset, size and count is checked against the file and a limit.
 */
import { UmlmonError } from '../system/errors/errors.ts';
import { kernelLimits } from '../system/limits/limits.ts';

/** Gives `length` bytes at `offset`, or fewer at the end of the file. */
export type ReadElfAt = (offset: number, length: number) => Buffer;

export interface Elf {
  /** Name as `uname -m` prints it, or `machine N` for one that is not known here. */
  readonly machine: string;
  readonly linking: 'static' | 'dynamic';
  /** Path of the loader (PT_INTERP). */
  readonly interpreter: string | undefined;
  /** Names of libraries (DT_NEEDED), in the order of the file. */
  readonly needed: readonly string[];
  /** Directories of DT_RUNPATH, else DT_RPATH; `$ORIGIN` is not resolved. */
  readonly runpath: readonly string[];
  /** What is loaded from the file: offsets and lengths in bytes. */
  readonly segments: readonly { readonly offset: number; readonly length: number }[];
}

const machines: Readonly<Record<number, string>> = {
  3: 'i686',
  62: 'x86_64',
  183: 'aarch64',
  243: 'riscv64',
};

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const DT_NULL = 0;
const DT_NEEDED = 1;
const DT_STRTAB = 5;
const DT_RPATH = 15;
const DT_RUNPATH = 29;

const FILE_HEADER = 64;
const PROGRAM_HEADER = 56;
const PROGRAM_HEADERS_MAX = kernelLimits.programHeaders;
const DYNAMIC_ENTRY = 16;
const DYNAMIC_ENTRIES_MAX = kernelLimits.dynamicEntries;
const NEEDED_MAX = kernelLimits.neededNames;
const STRING_MAX = kernelLimits.elfString;

/**
 * @param size of the file in bytes
 * @param place for errors: the path of the file
 * @throws UmlmonError KERNEL_NOT_ELF
 */
export function parseElf(readAt: ReadElfAt, size: number, place: string): Elf {
  const fail = (cause: string): never => {
    throw new UmlmonError('KERNEL_NOT_ELF', { place, cause });
  };
  const bytes = (offset: number, length: number, what: string): Buffer => {
    if (offset + length > size) return fail(`damaged ELF file: ${what} is outside of the file`);
    const found = readAt(offset, length);
    return found.length === length ? found : fail(`damaged ELF file: ${what} cannot be read`);
  };
  /** Numbers above 2^53 are imprecise, which does not matter: they are outside of any file. */
  const number = (buffer: Buffer, offset: number) => Number(buffer.readBigUInt64LE(offset));

  if (size < FILE_HEADER) fail('not a program: the file is too short');
  const header = bytes(0, FILE_HEADER, 'its header');
  if (header.readUInt32BE(0) !== 0x7f454c46)
    fail(header.toString('latin1', 0, 2) === '#!' ? 'a script, not an ELF program' : 'not an ELF program');
  if (header[4] !== 2 || header[5] !== 1) fail('an ELF program, but not a 64-bit little-endian one');
  const machine = header.readUInt16LE(18);
  const count = header.readUInt16LE(56);
  if (header.readUInt16LE(54) !== PROGRAM_HEADER || count === 0 || count > PROGRAM_HEADERS_MAX)
    fail('damaged ELF file: no usable program headers');

  const table = bytes(number(header, 32), count * PROGRAM_HEADER, 'the table of segments');
  const segments = Array.from({ length: count }, (_, index) => {
    const at = index * PROGRAM_HEADER;
    return {
      type: table.readUInt32LE(at),
      offset: number(table, at + 8),
      address: number(table, at + 16),
      length: number(table, at + 32),
    };
  });
  const loaded = segments.filter(({ type, length }) => type === PT_LOAD && length > 0);
  if (loaded.some(({ offset, length }) => offset + length > size))
    fail('damaged ELF file: a segment is outside of the file');

  const string = (offset: number, what: string): string => {
    if (offset >= size) return fail(`damaged ELF file: ${what} is outside of the file`);
    const text = readAt(offset, Math.min(STRING_MAX, size - offset));
    const end = text.indexOf(0);
    return end > 0 ? text.toString('utf8', 0, end) : fail(`damaged ELF file: ${what} is not a string`);
  };
  const loader = segments.find(({ type }) => type === PT_INTERP);
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
  const interpreter = loader && string(loader.offset, 'the name of its loader');

  const tags: { tag: number; value: number }[] = [];
  if (dynamic) {
    const entries = Math.min(Math.floor(dynamic.length / DYNAMIC_ENTRY), DYNAMIC_ENTRIES_MAX);
    const section = bytes(dynamic.offset, entries * DYNAMIC_ENTRY, 'the dynamic section');
    for (let at = 0; at < section.length; at += DYNAMIC_ENTRY) {
      const tag = number(section, at);
      if (tag === DT_NULL) break;
      tags.push({ tag, value: number(section, at + 8) });
    }
  }
  const strings = (wanted: number, what: string): string[] => {
    const found = tags.filter(({ tag }) => tag === wanted);
    if (found.length === 0) return [];
    if (found.length > NEEDED_MAX) return fail(`damaged ELF file: ${what} occurs too often`);
    const address = tags.find(({ tag }) => tag === DT_STRTAB)?.value ?? -1;
    const home = loaded.find(
      (segment) => address >= segment.address && address - segment.address < segment.length,
    );
    if (!home) return fail('damaged ELF file: its strings are not in the file');
    return found.map(({ value }) => string(home.offset + (address - home.address) + value, what));
  };
  const paths = [strings(DT_RUNPATH, 'a run path'), strings(DT_RPATH, 'a run path')].find(
    ({ length }) => length > 0,
  );

  return {
    machine: machines[machine] ?? `machine ${machine}`,
    linking: interpreter === undefined ? 'static' : 'dynamic',
    interpreter,
    needed: strings(DT_NEEDED, 'the name of a library'),
    runpath: (paths ?? []).flatMap((path) => path.split(':')).filter((path) => path !== ''),
    segments: loaded.map(({ offset, length }) => ({ offset, length })),
  };
}

/** For a file that is in memory. */
export function elfReader(buffer: Buffer): ReadElfAt {
  return (offset, length) => buffer.subarray(offset, offset + length);
}
