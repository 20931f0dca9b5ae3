/** The last part of a restore: the next monitor finishes or undoes it if this one is killed. */
import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  rmSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import { readRegularFile } from '../../config/file/read-file.ts';
import { keepAttributes } from '../../disk/names/copy-attributes.ts';
import { nameFor } from '../../disk/names/image-name.ts';
import type { VmLayout } from '../../jail/layout.ts';
import { toFailure, UmlmonError } from '../../system/errors/errors.ts';
import { replaceFile } from '../../system/files/atomic-file.ts';
import { carefully, HeldDirectory } from '../../system/files/held-directory.ts';
import { monitorLimits } from '../../system/limits/limits.ts';
import { freshNameForm, hasIdentity, ImagePlaces } from './image-places.ts';

/** One image of a restore. */
export interface Restoring {
  /** Path of the image, as the jail sees it. */
  readonly path: string;
  /** Name of the new file, in the directory of the image. No other process could guess it. */
  readonly fresh: string;
  /** Which file that is, see `fileIdentity`; '' before it is complete. */
  readonly identity: string;
  /** Of the image, when it is in place. */
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

export interface RestoreJournal {
  /** Name of the backup. */
  readonly backup: string;
  /** Whether all new files are complete, and only have to take their places. */
  readonly complete: boolean;
  readonly files: readonly Restoring[];
}

export type RestorePlace = Pick<
  VmLayout,
  'vm' | 'varDir' | 'shared' | 'imageHolders' | 'home' | 'restoreJournal'
>;

/** It has reached the disk when this returns. */
export function writeJournal({ home, restoreJournal }: RestorePlace, journal: RestoreJournal): void {
  const directory = HeldDirectory.openOwn(home);
  try {
    replaceFile(restoreJournal, JSON.stringify(journal), 0o600);
    directory.sync();
  } finally {
    directory.close();
  }
}

/**
 * Finishes an interrupted restore: puts the images in place if all of them are complete, else removes the new files.
 * Returns a line for users, or undefined without an interrupted restore. Errors: BACKUP_RESTORE.
 */
export function settleRestore(place: RestorePlace): string | undefined {
  if (!existsSync(place.restoreJournal)) return undefined;
  const places = new ImagePlaces(place.vm, { ...place, holders: place.imageHolders });
  try {
    const journal = readJournal(place);
    if (journal.complete) putInPlace(journal, places);
    else removeFresh(journal, places);
    rmSync(place.restoreJournal);
    return journal.complete
      ? `the interrupted restore of backup ${journal.backup} is finished`
      : `the interrupted restore of backup ${journal.backup} is undone: the images are unchanged`;
  } catch (error) {
    throw unsettled(place, 'an interrupted restore cannot be finished', error);
  } finally {
    places.close();
  }
}

/** The error of every start until the restore is finished or its journal is removed. */
export function unsettled({ restoreJournal }: RestorePlace, what: string, error: unknown): UmlmonError {
  const { place, cause } = toFailure(error, restoreJournal);
  return new UmlmonError('BACKUP_RESTORE', {
    place: restoreJournal,
    cause: `${what}: ${place === restoreJournal ? '' : `${place}: `}${cause}`,
    hint: `correct the cause; or remove ${restoreJournal}, and restore again`,
  });
}

/**
 * Puts the new files in the places of the images. After an interruption at any point it can be repeated. It uses only
 * files that the restore has made: if one of them is missing, it does nothing. Errors: BACKUP_RESTORE.
 */
export function putInPlace({ files }: RestoreJournal, places: ImagePlaces): void {
  const waiting = files.filter((file) => stateOf(file, places) === 'waits');
  for (const file of waiting) takePlace(file, places);
  places.sync();
}

/** Removes the new files, as far as they are there. */
export function removeFresh({ files }: Pick<RestoreJournal, 'files'>, places: ImagePlaces): void {
  for (const { path, fresh } of files) {
    const directory = places.find(path);
    // A directory of this name belongs to another program.
    if (!directory?.look(fresh)?.isDirectory()) directory?.remove(fresh);
  }
}

/** Errors: BACKUP_RESTORE if the new file is neither where it was made nor in its place. */
function stateOf({ path, fresh, identity }: Restoring, places: ImagePlaces): 'waits' | 'is in place' {
  const directory = places.find(path);
  const is = (name: string) => hasIdentity(directory?.look(name), identity);
  if (is(fresh)) return 'waits';
  if (is(basename(path))) return 'is in place';
  throw lost(path, places);
}

function takePlace({ path, fresh, identity, uid, gid, mode }: Restoring, places: ImagePlaces): void {
  const directory = places.of(path);
  const fd = directory.openFile(fresh, constants.O_RDONLY | carefully);
  try {
    if (!hasIdentity(fstatSync(fd, { bigint: true }), identity)) throw lost(path, places);
    fchownSync(fd, uid, gid);
    fchmodSync(fd, mode);
    keepAttributes({ directory, name: basename(path) }, fd, { uid, gid, mode });
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  directory.rename(fresh, basename(path));
  // A user with write access to the directory may have replaced the file: the other file gets no rights.
  if (!hasIdentity(directory.look(basename(path)), identity)) throw lost(path, places);
}

function lost(path: string, places: ImagePlaces): UmlmonError {
  return new UmlmonError('BACKUP_RESTORE', {
    place: places.hostPathOf(path),
    cause: `another process has moved, replaced or removed files of the restore in ${dirname(places.hostPathOf(path))}`,
  });
}

function readJournal({ restoreJournal, vm }: RestorePlace): RestoreJournal {
  const text = readRegularFile(restoreJournal, 'any');
  if (!Buffer.isBuffer(text) || text.length > monitorLimits.runRecordBytes)
    throw new Error('it cannot be read');
  const journal = JSON.parse(text.toString()) as Partial<RestoreJournal> | null;
  const sound =
    typeof journal?.backup === 'string' &&
    typeof journal.complete === 'boolean' &&
    Array.isArray(journal.files) &&
    journal.files.every((file) => isRestoring(file, vm));
  if (!sound) throw new Error('it is damaged');
  return journal as RestoreJournal;
}

function isRestoring(file: Partial<Restoring> | null, vm: string): boolean {
  const { path, fresh, identity, uid, gid, mode } = file ?? {};
  return (
    typeof path === 'string' &&
    nameFor(vm, path) !== undefined &&
    typeof fresh === 'string' &&
    freshNameForm.test(fresh) &&
    typeof identity === 'string' &&
    [uid, gid, mode].every((value) => Number.isSafeInteger(value) && Number(value) >= 0) &&
    (Number(mode) & ~0o666) === 0
  );
}
