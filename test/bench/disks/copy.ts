import { execFile } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, rmSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { runDiskCommand } from '../../../src/disk/commands/run.ts';
import { type ImageName, imagePathOnHost } from '../../../src/disk/names/image-name.ts';
import { administrator } from '../../disk/commands/callers.ts';
import { MountedFilesystem } from '../../disk/content/host-filesystem.ts';
import { TestStore } from '../../disk/store/store.ts';
import { type Figure, inTurns, MiB, median, milliseconds } from '../figure.ts';

const run = promisify(execFile);
const rounds = 9;
const size = 512 * MiB;

/**
 * Copies of an image of which half is holes, against cp(1): in memory, where all bytes are copied, and on a file system
 * that shares blocks. umlmon waits until the copy has reached the disk, cp does not; so the latter is in memory too.
 */
export async function measureCopy(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [kind, name] of [
    ['tmpfs', 'copy of an image in memory, against cp --sparse=always --reflink=auto'],
    ['xfs', 'the same where blocks can be shared'],
  ] as const) {
    const mounted = new MountedFilesystem(kind, '2G', '/dev/shm');
    try {
      figures.push(await measureIn(mounted.directory, name));
    } finally {
      mounted.close();
    }
  }
  return figures;
}

async function measureIn(directory: string, name: string): Promise<Figure> {
  const store = new TestStore(directory);
  const image: ImageName = { vm: 'vm1', path: '/disks/root.dsk' };
  const target: ImageName = { vm: 'vm1', path: '/disks/copy.dsk' };
  const [from, to] = [store.add(image), imagePathOnHost(target, store)];
  makeImage(from);
  const host = { store, by: '@bench.1', owner: { uid: 0, gid: 0, mode: 0o600 }, caller: administrator };
  const time = async (work: () => Promise<unknown>): Promise<number> => {
    rmSync(to, { force: true });
    const began = performance.now();
    await work();
    return (performance.now() - began) / 1000;
  };
  const times = await inTurns(
    rounds,
    () => time(() => run('cp', ['--sparse=always', '--reflink=auto', from, to])),
    () => time(() => runDiskCommand({ verb: 'copy', image, target }, host)),
  );
  const [cp, ours] = [median(times.baseline), median(times.subject)];
  return {
    name,
    baseline: milliseconds(cp),
    subject: milliseconds(ours),
    value: ours / cp,
    unit: 'x',
    budget: { atMost: 1.1 },
  };
}

/** Every other 8 MiB is data. */
function makeImage(path: string): void {
  const fd = openSync(path, 'w');
  for (let at = 0; at < size; at += 16 * MiB)
    for (let part = 0; part < 8; part++) writeSync(fd, Buffer.alloc(MiB, part + 1), 0, MiB, at + part * MiB);
  ftruncateSync(fd, size);
  closeSync(fd);
}
