import { mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { givenNameDamage } from '../../config/names.ts';
import { imageFingerprint } from '../../disk/backup/fingerprint.ts';
import {
  type BackupImage,
  type Consistency,
  freshName,
  isSound,
  type Manifest,
  surplusBackups,
} from '../../disk/backup/manifest.ts';
import {
  beginDraft,
  completeDraft,
  endDraft,
  listBackups,
  namesIn,
  refuseTaken,
  removeBackup,
} from '../../disk/backup/store.ts';
import { checkSoundness } from '../../disk/content/fsck.ts';
import { readCow } from '../../disk/cow/file.ts';
import { withPair } from '../../disk/cow/merge.ts';
import { openScratch } from '../../disk/names/new-image.ts';
import type { VmLayout } from '../../jail/layout.ts';
import type { ImagePlan } from '../../plan/plan.ts';
import { stepOf } from '../../plan/step-of.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import type { HeldDirectory } from '../../system/files/held-directory.ts';
import { monitorLimits } from '../../system/limits/limits.ts';
import type { ActiveRun } from '../kernel-run.ts';
import type { Report } from '../operations.ts';
import { type Captured, type CaptureOwner, captureImages, ImageCopy } from './capture.ts';

/** One backup of a running VM. */
export interface BackupJob {
  readonly vm: CaptureOwner & { readonly layout: VmLayout };
  readonly run: Pick<ActiveRun, 'kernel' | 'config' | 'pause'>;
  /** Aborted when the VM is killed. */
  readonly signal: AbortSignal;
  readonly report: Report;
}

/**
 * Copies all writable images of a running VM, as they are at one moment, into a directory of the store. The directory
 * appears when the backup is complete. Until then only a draft exists, which the next backup or clean-up removes.
 *
 * @param name '' for the time
 * @throws UmlmonError BACKUP_NAME, BACKUP_EXISTS, BACKUP_DIRECTORY, BACKUP_INTERRUPTED; BACKUP_INCONSISTENT if the backup exists and is damaged
 */
export async function backUp(name: string, job: BackupJob): Promise<Manifest> {
  const { layout, warnings } = job.vm;
  const damage = name === '' ? undefined : givenNameDamage(name, 'backup');
  if (damage) throw new UmlmonError(damage.code, { place: layout.vm, ...damage });
  const draft = await beginDraft(layout);
  try {
    refusePlace(layout);
    if (name !== '') refuseTaken(layout, name);
    const manifest = await makeBackup(name, draft, job);
    await completeDraft(layout, draft, manifest);
    if (!isSound(manifest)) throw unsound(manifest, layout);
    try {
      const others = (await listBackups(layout)).filter((one) => one.name !== manifest.name);
      for (const old of surplusBackups(others, job.run.config.backups)) await removeBackup(layout, old.name);
    } catch (error) {
      warnings.report(error);
    }
    return manifest;
  } finally {
    draft.close();
    await endDraft(layout);
  }
}

async function makeBackup(name: string, draft: HeldDirectory, job: BackupJob): Promise<Manifest> {
  const { vm, run, signal, report } = job;
  const { layout } = vm;
  const { kernel, config, pause } = run;
  const { store } = stepOf(kernel.plan, 'lock-images');
  const writable: ImagePlan[] = [];
  const copies: ImageCopy[] = [];
  try {
    // No disk is plugged or unplugged meanwhile.
    const captured = await kernel.disks.inTurn(async () => {
      writable.push(...kernel.disks.all.map(({ image }) => image).filter(({ readOnly }) => !readOnly));
      for (const image of writable.filter(isFile))
        copies.push(await ImageCopy.open({ vm: layout.vm, image, store, disks: kernel.disks, draft }));
      return captureImages(copies, vm, { kernel, freezeChannel: config.backup_freeze, signal });
    });
    // The guest runs again.
    pause.unbar();
    const described: BackupImage[] = [];
    for (const [done, copy] of copies.entries()) {
      report(done, copies.length);
      await copy.settle(signal);
      described.push(await describe(copy, { draft, signal }));
    }
    return {
      format: 1,
      vm: layout.vm,
      name: name || freshName(captured.takenAt, new Set(namesIn(layout))),
      takenAt: captured.takenAt,
      sequence: 1 + Math.max(0, ...(await listBackups(layout)).map(({ sequence = 0 }) => sequence)),
      consistency: consistencyOf(captured, described),
      pauseMs: Number(captured.pauseMs.toFixed(1)),
      kernel: kernel.version,
      images: described,
      leftOut: writable
        .filter((image) => !isFile(image))
        .map(({ unit, jailPath }) => ({
          unit,
          path: jailPath,
          why: 'a block device: copy it with its own means',
        })),
      settings: config.settings,
    };
  } finally {
    for (const copy of copies) await copy.close();
  }
}

function isFile({ jailPath }: { readonly jailPath: string }): boolean {
  return !jailPath.endsWith('.dev');
}

/** A frozen file system must be clean as it is. */
function consistencyOf({ frozen, synced }: Captured, images: readonly BackupImage[]): Consistency {
  const isFrozen = frozen && images.every(({ soundness }) => soundness.found !== 'clean-after-replay');
  return isFrozen ? 'frozen' : synced ? 'synced' : 'crash';
}

interface Describing {
  readonly draft: HeldDirectory;
  readonly signal: AbortSignal;
}

async function describe(copy: ImageCopy, { draft, signal }: Describing): Promise<BackupImage> {
  const { image, owner, file, target, shared } = copy;
  const { size } = await target.stat();
  const fingerprint = await imageFingerprint(target, size, signal);
  const check = { directory: draft, signal };
  const checked = file.endsWith('.cow')
    ? await checkMerged(copy, check)
    : { soundness: await checkSoundness({ image: target, ...check }) };
  return {
    unit: image.unit,
    path: image.jailPath,
    file,
    size,
    ...owner,
    fingerprint,
    shared,
    ...checked,
  };
}

/**
 * The guest sees a COW image merged with its backing file. Here the COW image is the copy, which no other process can
 * change. The backing file is the one that the guest has open.
 */
async function checkMerged(
  { image, file, target, backing }: ImageCopy,
  check: Omit<Parameters<typeof checkSoundness>[0], 'image'>,
): Promise<Pick<BackupImage, 'backing' | 'soundness'>> {
  if (!image.backing || !backing) throw new Error(`${image.jailPath} has no backing file`);
  const cow = readCow(target.fd, file);
  const pair = {
    path: { fd: target.fd, path: file, cow },
    backing: { fd: backing.fd, path: image.backing.hostPath },
  };
  const merged = await openScratch({ directory: check.directory, name: 'merged' });
  try {
    await withPair(pair, (_, merge) => merge(merged, check.signal ? { signal: check.signal } : {}));
    // What the kernel compares of the backing file, and the path where it looks for it.
    const said = { path: cow.backing, size: cow.size, mtime: cow.mtime };
    return { backing: said, soundness: await checkSoundness({ image: merged, ...check }) };
  } finally {
    await merged.close();
  }
}

/** Backups have what a guest must not see of itself: deleted files, and what others of its users have. */
function refusePlace({ backups, jail, shared, run }: VmLayout): void {
  const place = realpathSync(backups);
  for (const reachable of [jail, shared, run]) {
    mkdirSync(reachable, { recursive: true });
    const real = realpathSync(reachable);
    if (place !== real && !place.startsWith(`${real}/`)) continue;
    throw new UmlmonError('BACKUP_DIRECTORY', {
      place: backups,
      cause: `guests can reach ${real}`,
      hint: 'write another directory as backup_dir',
    });
  }
}

function unsound({ name, images }: Manifest, { backups }: VmLayout): UmlmonError {
  const words = images.flatMap(({ path, soundness }) =>
    soundness.found === 'errors' ? [`${path}: ${soundness.words}`] : [],
  );
  return new UmlmonError('BACKUP_INCONSISTENT', {
    place: join(backups, name),
    cause: words.join('; '),
    hint: 'most likely the file system of the guest itself has errors: check it there; older backups are kept',
  });
}

/** Why a backup is not as `backup_freeze` wants it; undefined if it is, or nothing is wanted. */
export function notFrozen(
  { name, consistency, images }: Manifest,
  freezeChannel: string,
  { vm, backups }: Pick<VmLayout, 'vm' | 'backups'>,
): UmlmonError | undefined {
  if (freezeChannel === '' || consistency === 'frozen') return undefined;
  const unclean = images.find(({ soundness }) => soundness.found === 'clean-after-replay');
  const seconds = monitorLimits.guestFreezeWait / 1000;
  return new UmlmonError('BACKUP_NOT_FROZEN', {
    place: join(backups, name),
    cause: `the backup exists, but is not frozen (${consistency}): the guest has not answered "frozen" on ${freezeChannel} within ${seconds} s${unclean ? `, or ${unclean.path} was written to after that` : ''}`,
    hint: `look for the program that freezes in the guest, see umlmon(7), BACKUPS: umlwatch ${vm} -connect ${freezeChannel}`,
  });
}

/** The first image whose file system was not checked although it should; undefined without one. */
export function notChecked({ name, images }: Manifest, { backups }: VmLayout): UmlmonError | undefined {
  for (const { path, soundness } of images)
    if (soundness.found === 'not-checked' && soundness.unable)
      return new UmlmonError('HOST_COMMAND', {
        place: join(backups, name),
        cause: `the file system of ${path} in the backup was not checked: ${soundness.words}`,
        hint: `check it by hand, on a copy: e2fsck -fn FILE; the files are in ${join(backups, name)}`,
      });
  return undefined;
}

/** One line for users. */
export function backupSummary({ name, images, leftOut, consistency, pauseMs }: Manifest): string {
  const how = {
    frozen: 'file systems frozen by the guest',
    synced: 'crash-consistent, synced before',
    crash: 'crash-consistent, not synced',
  };
  const unchecked = images.flatMap(({ path, soundness }) =>
    soundness.found === 'not-checked' ? [`${path} not checked: ${soundness.words}`] : [],
  );
  return [
    `backup ${name}: ${images.length} image${images.length === 1 ? '' : 's'}`,
    how[consistency],
    `paused for ${pauseMs} ms`,
    ...(unchecked.length > 0 ? unchecked : ['checked']),
    ...leftOut.map(({ path }) => `without ${path}, a block device`),
  ].join('; ');
}
