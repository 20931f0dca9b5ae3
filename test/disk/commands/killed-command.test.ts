/** SIGKILL and a full disk at each kind of system call of disk commands: the result is the old image or the new one, without leftovers. */
import '../../helpers/tiers/needs-host.ts';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statfsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { DiskCommand } from '../../../src/disk/commands/command-types.ts';
import { runDiskCommand } from '../../../src/disk/commands/run.ts';
import { type ImageName, imagePathOnHost } from '../../../src/disk/names/image-name.ts';
import { MountedFilesystem } from '../content/host-filesystem.ts';
import { buildVerbChild } from '../cow/killed-child.ts';
import { makeImage, moo, range, sameBytes, writeSectors } from '../cow/oracle.ts';
import { TestStore } from '../store/store.ts';
import { administrator } from './callers.ts';

const MiB = 1024 ** 2;
const { runWith } = buildVerbChild('disk-verb-child');
const own = (file: string): ImageName => ({ vm: 'vm1', path: `/disks/${file}` });
const [image, target] = [own('root.dsk'), own('new.dsk')];

let store: TestStore;
const path = (name: ImageName) => imagePathOnHost(name, store);
const hostOf = ({ varDir, shared, holders }: TestStore) => ({
  store: { varDir, shared, holders },
  by: '@test.1',
  owner: { uid: 65534, gid: 65534, mode: 0o600 },
  caller: administrator,
});
const files = () => readdirSync(dirname(path(image))).sort();

interface Case {
  readonly request: DiskCommand;
  readonly before?: DiskCommand;
  /** Names and numbers of system calls; of the tools too. */
  readonly calls: readonly (readonly [string, number])[];
  /** Beside root.dsk, when it is done. */
  readonly made: readonly string[];
}

const cases: Readonly<Record<string, Case>> = {
  create: {
    request: { verb: 'create', image: target, size: 16 * MiB, filesystem: 'ext4' },
    calls: [
      ['ftruncate', 1],
      ['fchown', 1],
      ['pwrite64', 1],
      ['pwrite64', 9],
      ['fchmod', 1],
      ['fsync', 1],
      ['linkat', 1],
    ],
    made: ['new.dsk'],
  },
  copy: {
    request: { verb: 'copy', image, target },
    calls: [
      ['copy_file_range', 1],
      ['copy_file_range', 2],
      ['ftruncate', 1],
      ['utimensat', 1],
      ['fsync', 1],
      ['linkat', 1],
    ],
    made: ['new.dsk'],
  },
  resize: {
    request: { verb: 'resize', image, size: 40 * MiB, filesystem: true },
    calls: [
      ['copy_file_range', 1],
      ['ftruncate', 1],
      ['ftruncate', 3],
      ['pwrite64', 1],
      ['pwrite64', 2],
      ['pwrite64', 5],
      ['fsync', 1],
      ['linkat', 1],
      ['rename', 1],
    ],
    made: [],
  },
  shrink: {
    request: { verb: 'resize', image, size: 16 * MiB, filesystem: true },
    calls: [
      ['pwrite64', 1],
      ['pwrite64', 4],
      ['fsync', 1],
      ['rename', 1],
    ],
    made: [],
  },
  snapshot: {
    request: { verb: 'snapshot', image, name: 'a' },
    calls: [
      ['copy_file_range', 1],
      ['fchmod', 1],
      ['linkat', 1],
    ],
    made: ['root@a.dsk'],
  },
  rollback: {
    before: { verb: 'snapshot', image, name: 'a' },
    request: { verb: 'rollback', image, name: 'a' },
    calls: [
      ['copy_file_range', 1],
      ['linkat', 1],
      ['rename', 1],
    ],
    made: [],
  },
};
const faults = ['signal=KILL', 'error=ENOSPC'];

describe.each(['tmpfs', 'ext4', 'xfs'] as const)('on %s', (kind) => {
  let mounted: MountedFilesystem;
  let old: string;
  beforeAll(() => {
    mounted = new MountedFilesystem(kind);
  });
  afterAll(() => mounted.close());

  beforeEach(async () => {
    store = new TestStore(mounted.directory);
    await runDiskCommand({ verb: 'create', image, size: 24 * MiB, filesystem: 'ext4' }, hostOf(store));
    const commands = Array.from({ length: 60 }, (_, i) => `write /etc/services file${i}`);
    spawnSync('debugfs', ['-w', '-f', '-', path(image)], { input: commands.join('\n') });
    old = join(store.home, 'old');
    execFileSync('cp', ['-p', path(image), old]);
  });
  afterEach(() => store.close());

  test.each(
    Object.entries(cases).flatMap(([name, { calls }]) =>
      kind === 'ext4' && !['copy', 'resize'].includes(name)
        ? []
        : faults.flatMap((fault) => calls.map(([call, when]) => [name, fault, call, when] as const)),
    ),
  )('%s, %s at %s %i', async (name, fault, call, when) => {
    const { before, request, made } = cases[name] as Case;
    const host = hostOf(store);
    if (before) await runDiskCommand(before, host);
    const present = files();
    const ended = runWith(fault, call, when, 'runDiskVerb', { request, host });
    if (ended) {
      // A tool has written again what had failed. Then the image is the new one.
      expect([fault, call]).toEqual(['error=ENOSPC', 'pwrite64']);
      expect(files()).toEqual([...made, ...present].sort());
      requireContent(own(made[0] ?? 'root.dsk'), made.length === 0);
      return;
    }
    // The next attempt replaces the leftovers of a replacement that was not renamed.
    const isLeft = fault === 'signal=KILL' && call === 'rename';
    expect(files()).toEqual(isLeft ? ['.root.dsk.new', ...present] : present);
    expect(sameBytes(path(image), old)).toBe(true);
    const { bytes } = await runDiskCommand(request, host);
    expect(readdirSync(store.holders)).toEqual([]);
    expect(files()).toEqual([...made, ...present].sort());
    const [result] = made.length > 0 ? made : ['root.dsk'];
    const after = own(result ?? '');
    expect(statSync(path(after)).size).toBe(bytes);
    requireContent(after, name !== 'create');
  });

  /** Sound, and with all of the files. */
  function requireContent(name: ImageName, hasFiles: boolean): void {
    expect(spawnSync('e2fsck', ['-fn', path(name)]).status).toBe(0);
    if (!hasFiles) return;
    const [before, after] = [join(store.home, 'before'), join(store.home, 'after')];
    for (const [file, directory] of [
      [old, before],
      [path(name), after],
    ] as const) {
      mkdirSync(directory);
      execFileSync('debugfs', ['-R', `rdump / ${directory}`, file], { stdio: 'pipe' });
    }
    execFileSync('diff', ['-r', before, after]);
    expect(readdirSync(after).length).toBeGreaterThan(60);
  }
});

test('a file system that is really full gets its space back', async () => {
  const mounted = new MountedFilesystem('tmpfs', '16M');
  try {
    store = new TestStore(mounted.directory);
    makeImage(store.add(image), 12 * MiB, [[0, 10 * MiB]]);
    const free = () => statfsSync(mounted.directory).bfree;
    const before = free();
    for (const request of [
      { verb: 'copy', image, target },
      { verb: 'convert', image, target },
      { verb: 'snapshot', image, name: 'a' },
    ] satisfies DiskCommand[])
      await expect(runDiskCommand(request, hostOf(store))).rejects.toMatchObject({
        code: 'HOST_SYSTEM_CALL',
        message: expect.stringContaining('ENOSPC'),
      });
    expect([files(), free()]).toEqual([['root.dsk'], before]);
    store.close();
  } finally {
    mounted.close();
  }
});

test('a merge in place on a full disk reports that it must be repeated, and then completes', async () => {
  const mounted = new MountedFilesystem('tmpfs', '16M');
  const oracle = join(tmpdir(), `umlmon-oracle-${process.pid}`);
  try {
    store = new TestStore(mounted.directory);
    const [base, cow] = [own('base.dsk'), own('root.cow')];
    makeImage(store.add(base), 12 * MiB, []);
    await runDiskCommand({ verb: 'cow-create', image: cow, backing: base }, hostOf(store));
    // 6 MiB here, and 6 in the backing file: with 6 of something else that is too much.
    const filler = join(store.home, 'filler');
    makeImage(filler, 6 * MiB, [[0, 6 * MiB]]);
    writeSectors(path(cow), 12 * MiB, range(0, 12_288));
    moo('-b', path(base), path(cow), oracle);
    const merge: DiskCommand = { verb: 'cow-merge', image: cow };
    await expect(runDiskCommand(merge, hostOf(store))).rejects.toMatchObject({
      reason: expect.stringContaining('ENOSPC'),
      hint: 'free some space and repeat the command: nothing is lost',
    });
    rmSync(filler);
    await runDiskCommand(merge, hostOf(store));
    expect(sameBytes(path(base), oracle)).toBe(true);
    store.close();
  } finally {
    mounted.close();
    rmSync(oracle, { force: true });
  }
});
