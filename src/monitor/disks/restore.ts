import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { imageFingerprint } from '../../disk/backup/fingerprint.ts';
import type { BackupImage, Manifest } from '../../disk/backup/manifest.ts';
import { openBackup } from '../../disk/backup/store.ts';
import { refuseVerb } from '../../disk/commands/may-use.ts';
import { needsEveryone } from '../../disk/commands/refuse-unknown.ts';
import { copyContent } from '../../disk/io/copy-content.ts';
import { ImageLocks } from '../../disk/locks/image-lock.ts';
import { lockedGraph } from '../../disk/locks/locked-graph.ts';
import { type ImageName, type ImageStore, nameFor, nameText } from '../../disk/names/image-name.ts';
import { type ImageFacts, lookAtImage } from '../../disk/names/open-image.ts';
import { scanFor } from '../../disk/store/scan.ts';
import type { VmLayout } from '../../jail/layout.ts';
import { toFailure, UmlmonError } from '../../system/errors/errors.ts';
import { carefully, type HeldDirectory } from '../../system/files/held-directory.ts';
import { lock } from '../../system/native/native.ts';
import type { Report } from '../operations.ts';
import { fileIdentity, freshNameFor, ImagePlaces } from './image-places.ts';
import {
  putInPlace,
  type RestoreJournal,
  type Restoring,
  removeFresh,
  settleRestore,
  unsettled,
  writeJournal,
} from './restore-journal.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_RDWR } = constants;

interface Target {
  readonly image: BackupImage;
  readonly name: ImageName;
  /** Of the image that is there now. */
  readonly facts: ImageFacts | undefined;
  readonly restoring: Restoring;
}

/**
 * Restores the images of a backup, all or none: new files are written beside the old ones, checked and renamed. The VM
 * is stopped, and cannot be started until that is done. Owner and permission to read and write stay
 * those of the images that are replaced.
 *
 * @throws UmlmonError BACKUP_UNKNOWN, BACKUP_DAMAGED, IMAGE_IN_USE and the other refusals of refuseVerb, VM_ALIVE;
 * IMAGE_SWAPPED if the directory of an image is moved meanwhile, BACKUP_RESTORE in the last moment of it
 */
export async function restoreBackup(name: string, layout: VmLayout, report: Report): Promise<string> {
  settleRestore(layout);
  const { manifest, files } = await openBackup(layout, name);
  const store = { varDir: layout.varDir, shared: layout.shared, holders: layout.imageHolders };
  const places = new ImagePlaces(layout.vm, store);
  let vmLock: number | undefined;
  try {
    vmLock = openSync(layout.vmLock, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
    if (!lock(vmLock, 'exclusive'))
      throw new UmlmonError('VM_ALIVE', {
        place: layout.vmLock,
        cause: `a kernel of ${layout.vm} still runs`,
      });
    const targets = manifest.images.map((image) => targetOf(image, layout.vm, store));
    const locks = await takeLocks(targets, layout.vm, store);
    try {
      await replaceImages(targets, { manifest, files, layout, places, report });
    } finally {
      locks.close();
    }
  } finally {
    places.close();
    files.close();
    if (vmLock !== undefined) closeSync(vmLock);
  }
  const date = new Date(manifest.takenAt).toISOString().slice(0, 19);
  return `restored backup ${name} of ${date}Z: ${manifest.images.map(({ path }) => path).join(', ')}`;
}

function targetOf(image: BackupImage, vm: string, store: ImageStore): Target {
  const name = nameFor(vm, image.path);
  if (!name) throw new Error(`${image.path} is not a path of an image`);
  const facts = look(name, store);
  const { uid, gid, mode } = facts ?? image;
  return {
    image,
    name,
    facts,
    // An image is data of a guest, never a program: not even one that runs with the rights of its owner.
    restoring: { path: image.path, fresh: freshNameFor(), identity: '', uid, gid, mode: mode & 0o666 },
  };
}

/** Undefined for an image that is not there any more: that is what a backup is for. */
function look(name: ImageName, store: ImageStore): ImageFacts | undefined {
  try {
    return lookAtImage(name, store);
  } catch (error) {
    if (toFailure(error).code === 'IMAGE_MISSING') return undefined;
    throw error;
  }
}

async function takeLocks(targets: readonly Target[], vm: string, store: ImageStore): Promise<ImageLocks> {
  const present = targets.flatMap(({ name, facts }) => (facts ? [{ name, facts }] : []));
  const locks = await ImageLocks.take(
    store,
    vm,
    present.map(({ name, facts }) => ({ image: name, mode: 'rw', id: facts.id })),
  );
  try {
    const answer = await scanFor(store, [vm], async (scan) => {
      const graph = await lockedGraph(scan, locks.all);
      for (const { name } of present) {
        const refusal = refuseVerb(graph, 'restore', name, vm);
        if (refusal === needsEveryone) return refusal;
        if (refusal) throw new UmlmonError(refusal.code, { place: nameText(name), ...refusal });
      }
      return graph;
    });
    if ('cause' in answer) throw new UmlmonError(answer.code, { place: vm, ...answer });
    return locks;
  } catch (error) {
    locks.close();
    throw error;
  }
}

interface Replacing {
  readonly manifest: Manifest;
  /** Directory of the backup. */
  readonly files: HeldDirectory;
  readonly layout: VmLayout;
  readonly places: ImagePlaces;
  readonly report: Report;
}

async function replaceImages(
  targets: readonly Target[],
  { manifest, files, layout, places, report }: Replacing,
): Promise<void> {
  for (const target of targets) requireSamePlace(target, places);
  const begun = targets.map(({ restoring }) => restoring);
  const handles: FileHandle[] = [];
  let journal: RestoreJournal = { backup: manifest.name, complete: false, files: begun };
  try {
    writeJournal(layout, journal);
    try {
      const complete: Restoring[] = [];
      for (const [done, target] of targets.entries()) {
        report(done, targets.length);
        const handle = await makeFresh(target, files, places.of(target.image.path));
        handles.push(handle);
        complete.push({
          ...target.restoring,
          identity: fileIdentity(await handle.stat({ bigint: true })),
        });
      }
      for (const target of targets) requireSamePlace(target, places);
      places.sync();
      journal = { ...journal, complete: true, files: complete };
      writeJournal(layout, journal);
    } catch (error) {
      removeFresh({ files: begun }, places);
      rmSync(layout.restoreJournal, { force: true });
      throw error;
    }
    // From here on this monitor or the next one finishes it.
    try {
      putInPlace(journal, places);
    } catch (error) {
      throw unsettled(layout, 'the images are not all in their places', error);
    }
    rmSync(layout.restoreJournal);
  } finally {
    for (const handle of handles) await handle.close();
  }
}

/** Checks that the open directory is still that of the image, and has the locked image. */
function requireSamePlace({ image, facts }: Target, places: ImagePlaces): void {
  const found = places.of(image.path).look(basename(image.path));
  const id = found && `${found.dev}:${found.ino}`;
  if (id === facts?.id && places.isStill(image.path)) return;
  throw new UmlmonError('IMAGE_SWAPPED', {
    place: places.hostPathOf(image.path),
    cause: 'another process has moved or replaced the image or its directory during the restore',
    hint: 'nothing was restored: try again when no other process moves images',
  });
}

/** The new image as a complete file, on the disk and locked; it is checked that it is what was backed up. */
async function makeFresh(
  { image, restoring }: Target,
  files: HeldDirectory,
  directory: HeldDirectory,
): Promise<FileHandle> {
  const source = await openCopy(files, image);
  try {
    const flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW;
    const target = await open(directory.pathTo(restoring.fresh), flags, 0o600);
    try {
      // No other process can have it open yet.
      lock(target.fd, 'exclusive');
      await copyContent({ handle: source, size: image.size }, target);
      if ((await imageFingerprint(target, image.size)) !== image.fingerprint)
        throw damaged(join(files.path, image.file), 'its content is not what was backed up');
      await target.sync();
      return target;
    } catch (error) {
      await target.close();
      throw error;
    }
  } finally {
    await source.close();
  }
}

async function openCopy(files: HeldDirectory, { file, size }: BackupImage): Promise<FileHandle> {
  const path = join(files.path, file);
  let handle: FileHandle;
  try {
    handle = await open(files.pathTo(file), O_RDONLY | carefully);
  } catch (error) {
    throw damaged(path, toFailure(error).cause);
  }
  const found = await handle.stat();
  if (found.isFile() && found.size === size) return handle;
  await handle.close();
  throw damaged(path, found.isFile() ? `it has ${found.size} bytes, and had ${size}` : 'not a regular file');
}

function damaged(place: string, cause: string): UmlmonError {
  return new UmlmonError('BACKUP_DAMAGED', {
    place,
    cause,
    hint: 'take another backup; nothing was restored',
  });
}
