/** COW files of version 3, written from the layout in the kernel (arch/um/drivers/cow_user.c), not with our codec. */
import { closeSync, ftruncateSync, mkdirSync, openSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Writes an empty COW file over a backing file of the host, naming it as `stored`. */
export function writeCow(path: string, stored: string, backingPath: string): void {
  const { size, mtimeMs } = statSync(backingPath);
  writeCowHeader(path, { stored, size, mtime: Math.floor(mtimeMs / 1000) });
}

export function writeCowHeader(
  path: string,
  { stored, size, mtime }: { stored: string; size: number; mtime: number },
): void {
  const header = Buffer.alloc(4128);
  header.write('OOOM', 0, 'latin1');
  header.writeUInt32BE(3, 4);
  header.writeUInt32BE(mtime, 8);
  header.writeBigUInt64BE(BigInt(size), 12);
  header.writeUInt32BE(512, 20);
  header.writeUInt32BE(4096, 24);
  header.write(stored, 32);
  const bitmapEnd = 8192 + Math.ceil(Math.ceil(size / 512) / 8);
  mkdirSync(dirname(path), { recursive: true });
  const fd = openSync(path, 'w', 0o600);
  writeSync(fd, header);
  ftruncateSync(fd, Math.ceil(bitmapEnd / 4096) * 4096 + size);
  closeSync(fd);
}
