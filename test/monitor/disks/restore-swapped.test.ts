/** Restores while the user of the VM swaps the directory of an image for a link to a place of root's. */
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { imageFingerprint } from '../../../src/disk/backup/fingerprint.ts';
import type { Manifest } from '../../../src/disk/backup/manifest.ts';
import { layoutOf, type VmLayout } from '../../../src/jail/layout.ts';
import { restoreBackup } from '../../../src/monitor/disks/restore.ts';
import { toFailure } from '../../../src/system/errors/errors.ts';
import { Swapper } from '../../helpers/hostile/swapper.ts';
import { vmUid, World } from '../../helpers/programs/world.ts';
import { rounds } from '../../helpers/rounds.ts';

const bytes = 64 * 1024;
let world: World;
let layout: VmLayout;
/** A directory of root's, with a base image of the same name. */
let victim: string;
/** /disks/d of the jail, which the VM's user has got. */
let owned: string;
let swapper: Swapper | undefined;

beforeEach(async () => {
  world = new World();
  layout = layoutOf('vm1', { varDir: world.varDir, runDir: world.runDir });
  victim = join(world.varDir, 'shared/disks');
  owned = join(layout.disks, 'd');
  for (const path of [victim, join(owned, 'e'), join(layout.backups, 'b'), layout.home, layout.imageHolders])
    mkdirSync(path, { recursive: true, mode: 0o755 });
  for (const path of [owned, join(owned, 'e')]) chownSync(path, vmUid, vmUid);
  writeFileSync(join(victim, 'a.dsk'), 'v'.repeat(bytes), { mode: 0o644 });
  put('y');
  writeFileSync(join(layout.backups, 'b/ubd1.dsk'), 'x'.repeat(bytes));
  const handle = await open(join(layout.backups, 'b/ubd1.dsk'));
  const fingerprint = await imageFingerprint(handle, bytes);
  await handle.close();
  const manifest: Manifest = {
    format: 1,
    vm: 'vm1',
    name: 'b',
    takenAt: 1000,
    consistency: 'synced',
    pauseMs: 1,
    kernel: 'Linux',
    images: [
      {
        unit: 1,
        path: '/disks/d/e/a.dsk',
        file: 'ubd1.dsk',
        size: bytes,
        uid: vmUid,
        gid: vmUid,
        mode: 0o640,
        fingerprint,
        shared: false,
        soundness: { found: 'clean' },
      },
    ],
    leftOut: [],
    settings: [],
  };
  writeFileSync(join(layout.backups, 'b/manifest.json'), JSON.stringify(manifest));
});

afterEach(async () => {
  await swapper?.stop();
  await world.close();
});

function put(letter: string): void {
  writeFileSync(join(owned, 'e/a.dsk'), letter.repeat(bytes));
  chownSync(join(owned, 'e/a.dsk'), vmUid, vmUid);
}

/** All that could be seen of what is not the VM's. */
function state(): unknown {
  const { ino, uid, gid, mode, mtimeMs, ctimeMs } = statSync(join(victim, 'a.dsk'));
  const content = readFileSync(join(victim, 'a.dsk'), 'latin1');
  return { names: readdirSync(victim), content, ino, uid, gid, mode, mtimeMs, ctimeMs };
}

test('restores: nothing is made, changed or renamed elsewhere', async () => {
  const before = state();
  swapper = await Swapper.start(join(owned, 'e'), victim, { real: 40, link: 4 }, vmUid);
  const seen = new Map<string, number>();
  // As many as the race needs to have gone both ways often, on a busy host too.
  const hasRaced = () => ['restored', 'IMAGE_SWAPPED'].every((what) => (seen.get(what) ?? 0) > 20);
  for (let round = 0; round < rounds(300, 1_000) || (round < 2_000 && !hasRaced()); round++) {
    const outcome = await restoreBackup('b', layout, () => undefined).then(
      () => 'restored',
      (error: unknown) => toFailure(error).code,
    );
    seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
    // As its hint says.
    if (outcome === 'BACKUP_RESTORE') rmSync(layout.restoreJournal);
    else expect(existsSync(layout.restoreJournal)).toBe(false);
    if (round % 100 === 99) expect(state()).toEqual(before);
  }
  console.log(`restores under swaps: ${[...seen].map(([what, count]) => `${what} ${count}`).join(', ')}`);
  expect(state()).toEqual(before);
  for (const outcome of seen.keys())
    expect([
      'restored',
      'IMAGE_LINK',
      'IMAGE_OUTSIDE',
      'IMAGE_MISSING',
      'IMAGE_SWAPPED',
      // The directory was replaced while the images of the VM were listed.
      'IMAGE_UNKNOWN',
      'BACKUP_RESTORE',
    ]).toContain(outcome);
  expect(seen.get('restored')).toBeGreaterThan(20);
  expect(seen.get('IMAGE_SWAPPED')).toBeGreaterThan(20);
  await swapper.stop();
  put('y');
  expect(await restoreBackup('b', layout, () => undefined)).toContain('restored backup b');
  expect(readFileSync(join(owned, 'e/a.dsk'), 'latin1')).toBe('x'.repeat(bytes));
}, 120_000);

test('an image gets neither set-user-id nor the right to be run from a file that the user has linked there', async () => {
  rmSync(join(owned, 'e/a.dsk'));
  writeFileSync(join(owned, 'e/a.dsk'), 'program of root');
  chmodSync(join(owned, 'e/a.dsk'), 0o6755);
  await restoreBackup('b', layout, () => undefined);
  expect(statSync(join(owned, 'e/a.dsk'))).toMatchObject({ uid: 0, mode: 0o100644 });
});

test('files of the user beside an image are neither used nor given to another user', async () => {
  for (const name of ['.a.dsk.restore', '.a.dsk.new']) {
    writeFileSync(join(owned, 'e', name), 'mine');
    chownSync(join(owned, 'e', name), vmUid, vmUid);
  }
  await restoreBackup('b', layout, () => undefined);
  expect(readFileSync(join(owned, 'e/a.dsk'), 'latin1')).toBe('x'.repeat(bytes));
  expect(readFileSync(join(owned, 'e/.a.dsk.restore'), 'latin1')).toBe('mine');
});
