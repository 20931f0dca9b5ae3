import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { BackupImage, Manifest } from '../../disk/backup-manifest.ts';
import { findBackup } from '../../disk/backup-store.ts';
import { copyContent } from '../../disk/copy-content.ts';
import { fingerprintOf } from '../../disk/fingerprint.ts';
import { ImageLocks } from '../../disk/image-lock.ts';
import { hostPathOf, type ImageName, type ImageStore, nameFor, nameText } from '../../disk/image-name.ts';
import { refuseVerb } from '../../disk/may-use.ts';
import { type ImageFacts, lookAtImage } from '../../disk/open-image.ts';
import { scanImages } from '../../disk/scan.ts';
import type { VmLayout } from '../../jail/layout.ts';
import { toFailure, UmlmonError } from '../../system/errors.ts';
import { lock } from '../../system/native.ts';
import type { Report } from '../operations.ts';
import { putInPlace, type RestoreJournal, settleRestore, writeJournal } from './restore-journal.ts';

const { O_CREAT, O_NOFOLLOW, O_RDONLY } = constants;

interface Target {
  readonly image: BackupImage;
  readonly name: ImageName;
  /** Of the image that is there now. */
  readonly facts: ImageFacts | undefined;
  readonly path: string;
  /** The new image, until all are complete. */
  readonly fresh: string;
}

/**
 * Puts the images of a backup back, all or none: new files are made beside the old ones, checked, and then renamed.
 * The VM is down, and nobody can start it, or use the images, until that is done. Owner and rights stay those of the
 * images that are replaced.
 *
 * @throws UmlmonError BACKUP_UNKNOWN, BACKUP_DAMAGED, IMAGE_IN_USE and the other refusals of refuseVerb, VM_ALIVE
 */
export async function restoreBackup(name: string, layout: VmLayout, report: Report): Promise<string> {
  settleRestore(layout);
  const manifest = await findBackup(layout, name);
  const store = { varDir: layout.varDir, shared: layout.shared, holders: layout.imageHolders };
  const vmLock = openSync(layout.vmLock, O_RDONLY | O_CREAT | O_NOFOLLOW, 0o600);
  try {
    if (!lock(vmLock, 'exclusive'))
      throw new UmlmonError('VM_ALIVE', {
        place: layout.vmLock,
        cause: `a kernel of ${layout.vm} still runs`,
      });
    const targets = manifest.images.map((image) => targetOf(image, layout.vm, store));
    const locks = takeLocks(targets, layout.vm, store);
    try {
      await replaceImages(targets, { manifest, layout, report });
    } finally {
      locks.close();
    }
  } finally {
    closeSync(vmLock);
  }
  const date = new Date(manifest.takenAt).toISOString().slice(0, 19);
  return `restored backup ${name} of ${date}Z: ${manifest.images.map(({ path }) => path).join(', ')}`;
}

function targetOf(image: BackupImage, vm: string, store: ImageStore): Target {
  const name = nameFor(vm, image.path);
  if (!name) throw new Error(`${image.path} is no path of an image`);
  const path = hostPathOf(name, store);
  return {
    image,
    name,
    path,
    facts: look(name, store),
    fresh: join(dirname(path), `.${basename(path)}.restore`),
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

function takeLocks(targets: readonly Target[], vm: string, store: ImageStore): ImageLocks {
  const present = targets.flatMap(({ name, facts }) => (facts ? [{ name, facts }] : []));
  const locks = ImageLocks.take(
    store,
    vm,
    present.map(({ name, facts }) => ({ image: name, mode: 'rw', id: facts.id })),
  );
  try {
    const { graph } = scanImages(store);
    for (const { name } of present) {
      const refusal = refuseVerb(graph, 'restore', name, vm);
      if (refusal) throw new UmlmonError(refusal.code, { place: nameText(name), ...refusal });
    }
    return locks;
  } catch (error) {
    locks.close();
    throw error;
  }
}

interface Replacing {
  readonly manifest: Manifest;
  readonly layout: VmLayout;
  readonly report: Report;
}

async function replaceImages(
  targets: readonly Target[],
  { manifest, layout, report }: Replacing,
): Promise<void> {
  const files = targets.map(({ fresh, path }) => ({ fresh, path }));
  const journal: RestoreJournal = { backup: manifest.name, complete: false, files };
  const fresh: FileHandle[] = [];
  try {
    writeJournal(layout, journal);
    try {
      for (const [done, target] of targets.entries()) {
        report(done, targets.length);
        fresh.push(await makeFresh(target, join(layout.backups, manifest.name)));
      }
      writeJournal(layout, { ...journal, complete: true });
    } catch (error) {
      for (const { fresh: path } of files) rmSync(path, { force: true });
      rmSync(layout.restoreJournal, { force: true });
      throw error;
    }
    // From here on it is done, by us or by whoever comes next.
    putInPlace(journal);
    rmSync(layout.restoreJournal);
  } finally {
    for (const handle of fresh) await handle.close();
  }
}

/** The new image as a complete file, on the disk and locked; it is checked that it is what was backed up. */
async function makeFresh({ image, facts, fresh }: Target, directory: string): Promise<FileHandle> {
  rmSync(fresh, { force: true });
  const source = await openCopy(join(directory, image.file), image);
  try {
    const target = await open(fresh, 'wx+', 0o600);
    try {
      // Nobody can have it yet.
      lock(target.fd, 'exclusive');
      await copyContent({ handle: source, size: image.size }, target);
      if ((await fingerprintOf(target, image.size)) !== image.fingerprint)
        throw damaged(join(directory, image.file), 'its content is not what was backed up');
      const { uid, gid, mode } = facts ?? image;
      await target.chown(uid, gid);
      await target.chmod(mode & 0o7777);
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

async function openCopy(path: string, { size }: BackupImage): Promise<FileHandle> {
  let handle: FileHandle;
  try {
    if (!(await lstat(path)).isFile()) throw damaged(path, 'not a regular file');
    handle = await open(path, O_RDONLY | O_NOFOLLOW);
  } catch (error) {
    throw error instanceof UmlmonError ? error : damaged(path, toFailure(error).cause);
  }
  const found = (await handle.stat()).size;
  if (found === size) return handle;
  await handle.close();
  throw damaged(path, `it has ${found} bytes, and had ${size}`);
}

function damaged(place: string, cause: string): UmlmonError {
  return new UmlmonError('BACKUP_DAMAGED', {
    place,
    cause,
    hint: 'take another backup; nothing was restored',
  });
}
