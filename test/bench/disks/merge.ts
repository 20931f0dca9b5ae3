import { execFile, execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { mergeCow, mergeCowInPlace } from '../../disk/names/by-path.ts';
import { type Figure, inTurns, MiB, median, milliseconds } from '../figure.ts';

const run = promisify(execFile);
const rounds = 9;
const size = 256 * MiB;
const block = 4096;

/**
 * Merges of a COW file that holds every fourth block of 4 KiB and a long run, as a used one does, against uml_moo. In
 * memory: on a disk the figure would be that of the disk, and umlmon waits for it where uml_moo does not.
 */
export async function measureMerge(): Promise<Figure[]> {
  const directory = mkdtempSync('/dev/shm/umlmon-merge-');
  try {
    return await measureIn(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function measureIn(directory: string): Promise<Figure[]> {
  const [backing, cow, image] = ['base.dsk', 'x.cow', 'new.dsk'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  makeBacking(backing);
  makeCow(cow, backing);
  const time = async (work: () => Promise<unknown>): Promise<number> => {
    rmSync(image, { force: true });
    const began = performance.now();
    await work();
    return (performance.now() - began) / 1000;
  };
  const merge = await inTurns(
    rounds,
    () => time(async () => run('uml_moo', [cow, image])),
    () => time(() => mergeCow({ path: cow, backing, target: image })),
  );
  const inPlace = await inTurns(
    rounds,
    () => {
      makeCow(cow, backing);
      return time(async () => run('uml_moo', ['-d', cow]));
    },
    () => {
      makeCow(cow, backing);
      return time(() => mergeCowInPlace({ path: cow, backing }));
    },
  );
  return [
    figure('merge of a COW file into a new image, against uml_moo', merge),
    figure('merge of a COW file in place, against uml_moo -d', inPlace),
  ];
}

function figure(name: string, times: { baseline: number[]; subject: number[] }): Figure {
  const [moo, ours] = [median(times.baseline), median(times.subject)];
  return {
    name,
    baseline: milliseconds(moo),
    subject: milliseconds(ours),
    value: ours / moo,
    unit: 'x',
    budget: { atMost: 0.8 },
  };
}

function makeBacking(path: string): void {
  const fd = openSync(path, 'w');
  for (let at = 0; at < size / 2; at += MiB) writeSync(fd, Buffer.alloc(MiB, at / MiB + 1), 0, MiB, at);
  ftruncateSync(fd, size);
  closeSync(fd);
}

/** A COW file of uml_mkcow with sectors as a kernel writes them: data, and bits in the bitmap at 8192. */
function makeCow(path: string, backing: string): void {
  rmSync(path, { force: true });
  execFileSync('uml_mkcow', [path, backing], { stdio: 'ignore' });
  const bitmap = Buffer.alloc(size / block);
  const dataOffset = Math.ceil((8192 + bitmap.length) / block) * block;
  const fd = openSync(path, 'r+');
  const bytes = Buffer.alloc(block, 0xa5);
  for (let index = 0; index < bitmap.length; index++) {
    const isRun = index >= bitmap.length / 2 && index < bitmap.length * 0.6;
    if (!isRun && index % 4 !== 0) continue;
    bitmap[index] = 0xff;
    writeSync(fd, bytes, 0, block, dataOffset + index * block);
  }
  writeSync(fd, bitmap, 0, bitmap.length, 8192);
  closeSync(fd);
}
