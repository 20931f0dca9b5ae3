/** Where the host's loader finds libraries: /etc/ld.so.cache (glibc, elf/dl-cache.h). */

const MAGIC = 'glibc-ld.so.cache1.1';
const HEADER = 48;
const ENTRY = 24;
/** Entries for 64-bit libraries of this machine, as ldconfig marks them (sysdeps/generic/ldconfig.h). */
const flagsOf: Readonly<Record<string, number>> = { x64: 0x0303, arm64: 0x0a03, riscv64: 0x1003 };

/**
 * Library name → path. Whatever is not understood is left out: the loader has other places to look, too.
 *
 * @param architecture as `process.arch`
 */
export function parseLoaderCache(cache: Buffer, architecture: string): ReadonlyMap<string, string> {
  const paths = new Map<string, string>();
  const start = cache.indexOf(MAGIC, 0, 'latin1');
  // Offsets count from the magic, which an older format may precede.
  const file = start < 0 ? cache.subarray(0, 0) : cache.subarray(start);
  if (file.length < HEADER) return paths;
  const string = (offset: number) => {
    const end = file.indexOf(0, offset);
    return end < 0 ? '' : file.toString('utf8', offset, end);
  };
  const count = file.readUInt32LE(MAGIC.length);
  for (let at = HEADER; at + ENTRY <= file.length && at < HEADER + count * ENTRY; at += ENTRY) {
    const general = file.readBigUInt64LE(at + 16) === 0n;
    if (!general || file.readInt32LE(at) !== flagsOf[architecture]) continue;
    const name = string(file.readUInt32LE(at + 4));
    const path = string(file.readUInt32LE(at + 8));
    if (name !== '' && path.startsWith('/') && !paths.has(name)) paths.set(name, path);
  }
  return paths;
}
