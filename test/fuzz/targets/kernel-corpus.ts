/** What kernels and their hosts send and store, as small as it can be. umlmon only reads these forms. */

const MAGIC = 0xcafebabe;

function wordsLe(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value >>> 0, 4 * index);
  return bytes;
}

/** struct mconsole_reply of arch/um/include/shared/mconsole.h. */
export function reply(text: string, more: boolean, error = 0): Buffer {
  const data = Buffer.from(`${text}\0`);
  return Buffer.concat([wordsLe(error, more ? 1 : 0, data.length), data]);
}

/** struct mconsole_notify. */
export function notification(type: number, text: string): Buffer {
  const data = Buffer.from(text);
  return Buffer.concat([wordsLe(MAGIC, 2, type, data.length), data]);
}

/** A 64-bit ELF file (System V ABI, chapters 4 and 5): headers, a loader's name, a dynamic section, its strings. */
export function elfSample(needed: readonly string[], interpreter: string | undefined): Buffer {
  const strings = Buffer.from(`\0${needed.join('\0')}\0$ORIGIN/lib:/opt/lib\0${interpreter ?? ''}\0`);
  const headers = interpreter === undefined ? 1 : 3;
  const dynamicAt = 64 + 56 * headers;
  const runpath = strings.indexOf('$ORIGIN');
  const offsets = needed.map((name) => strings.indexOf(`\0${name}\0`) + 1);
  const tags = [
    ...offsets.map((offset) => [1, offset]),
    [29, runpath],
    [5, 0x1000 + dynamicAt + 16 * (needed.length + 3)],
    [0, 0],
  ];
  const dynamic = quads(...tags.flat());
  const stringsAt = dynamicAt + dynamic.length;
  const size = stringsAt + strings.length;
  const header = Buffer.alloc(64);
  Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]).copy(header);
  header.writeUInt16LE(2, 16);
  header.writeUInt16LE(62, 18);
  header.writeUInt32LE(64, 32);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(headers, 56);
  const segment = (type: number, offset: number, length: number) =>
    Buffer.concat([wordsLe(type, 5), quads(offset, 0x1000 + offset, 0x1000 + offset, length, length, 8)]);
  const loader = stringsAt + strings.lastIndexOf(`\0${interpreter ?? ''}\0`) + 1;
  const table =
    headers === 1
      ? [segment(1, 0, size)]
      : [segment(1, 0, size), segment(3, loader, 30), segment(2, dynamicAt, dynamic.length)];
  return Buffer.concat([header, ...table, dynamic, strings]);
}

function quads(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(8 * values.length);
  for (const [index, value] of values.entries()) bytes.writeBigUInt64LE(BigInt(value), 8 * index);
  return bytes;
}

export const traitsSample = Buffer.from(
  [
    'Linux version 7.2.7 (build@host) (gcc 14.2.0) #1 Sat Nov 21 10:00:00 UTC 2026',
    'Linux version 7.2.7 (build@host) (gcc 14.2.0) %s',
    'uml_dir=<directory>',
    'seccomp=<on/auto/off>',
    'user_init_tap: init failed',
    'vde: seqpacket socketpair err',
    'Calibrating delay loop... 7736.52 BogoMIPS (lpj=38682600)',
  ].join('\0'),
);

/** struct cache_file_new of glibc's dl-cache.h with two entries. */
export const loaderCacheSample = loaderCache([
  ['libc.so.6', '/lib/x86_64-linux-gnu/libc.so.6'],
  ['libm.so.6', '/lib/x86_64-linux-gnu/libm.so.6'],
]);

function loaderCache(entries: readonly (readonly [string, string])[]): Buffer {
  const strings = Buffer.from(`${entries.flat().join('\0')}\0`);
  const stringsAt = 48 + 24 * entries.length;
  const header = Buffer.alloc(48);
  header.write('glibc-ld.so.cache1.1');
  header.writeUInt32LE(entries.length, 20);
  header.writeUInt32LE(strings.length, 24);
  const rows = entries.map(([name, path]) =>
    Buffer.concat([
      wordsLe(0x0303, stringsAt + strings.indexOf(name), stringsAt + strings.indexOf(path), 0),
      quads(0),
    ]),
  );
  return Buffer.concat([header, ...rows, strings]);
}
