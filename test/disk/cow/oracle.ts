/** COW files made and merged by programs that we did not write: uml_mkcow and uml_moo of Debian's uml-utilities. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SECTOR = 512;

export interface Scratch {
  readonly directory: string;
  path(name: string): string;
  close(): void;
}

export function makeScratch(): Scratch {
  const directory = mkdtempSync(join(tmpdir(), 'umlmon-cow-'));
  return {
    directory,
    path: (name) => join(directory, name),
    close: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** Bytes that repeat for the same seed and differ for others. */
export function noise(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

/** A sparse file with pieces of noise in it. */
export function makeImage(path: string, size: number, pieces: readonly (readonly [number, number])[]): void {
  const fd = openSync(path, 'w');
  ftruncateSync(fd, size);
  for (const [offset, length] of pieces) {
    const bytes = noise(Math.max(0, Math.min(length, size - offset)), offset + 1);
    if (bytes.length > 0) writeSync(fd, bytes, 0, bytes.length, offset);
  }
  closeSync(fd);
}

export function makeCow(path: string, backing: string): void {
  execFileSync('uml_mkcow', ['-f', path, backing], { stdio: 'ignore' });
}

/** Writes sectors into a COW file of version 3 as a kernel does: the data, then the bits. */
export function writeSectors(path: string, imageSize: number, sectors: Iterable<number>, seed = 7): void {
  const bitmap = Buffer.alloc(Math.ceil(Math.ceil(imageSize / SECTOR) / 8));
  const dataOffset = Math.ceil((8192 + bitmap.length) / 4096) * 4096;
  const fd = openSync(path, 'r+');
  for (const sector of sectors) {
    bitmap[sector >> 3] = (bitmap[sector >> 3] ?? 0) | (1 << (sector & 7));
    writeSync(fd, noise(SECTOR, sector * 31 + seed), 0, SECTOR, dataOffset + sector * SECTOR);
  }
  writeSync(fd, bitmap, 0, bitmap.length, 8192);
  closeSync(fd);
}

export function range(start: number, end: number, step = 1): number[] {
  return Array.from(
    { length: Math.max(0, Math.ceil((end - start) / step)) },
    (_, index) => start + index * step,
  );
}

/** uml_moo COW NEW, or uml_moo -d COW. */
export function moo(...args: string[]): void {
  execFileSync('uml_moo', args, { stdio: 'pipe' });
}

/** The first bytes of a file that may be too big to read. */
export function readHead(path: string, length: number): Buffer {
  const fd = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, readSync(fd, bytes, 0, length, 0));
  } finally {
    closeSync(fd);
  }
}

/** Whether two files are the same in their first `length` bytes (all if left out). */
export function sameBytes(one: string, other: string, length?: number): boolean {
  const limit = length === undefined ? [] : ['-n', `${length}`];
  return spawnSync('cmp', ['-s', ...limit, one, other]).status === 0;
}

/** Bytes that a file really takes of its file system. */
export function allocated(path: string): number {
  return statSync(path).blocks * 512;
}
