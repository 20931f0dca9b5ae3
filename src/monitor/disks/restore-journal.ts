/** The last part of a restore, so that it is done, or undone, by whoever comes after a monitor that was killed. */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { readRegularFile } from '../../config/read-file.ts';
import type { VmLayout } from '../../jail/layout.ts';
import { replaceFile } from '../../system/atomic-file.ts';
import { UmlmonError } from '../../system/errors.ts';
import { monitorLimits } from '../../system/limits.ts';

export interface RestoreJournal {
  /** Name of the backup. */
  readonly backup: string;
  /** Whether all new files are complete, and only have to be renamed. */
  readonly complete: boolean;
  readonly files: readonly { readonly fresh: string; readonly path: string }[];
}

type Place = Pick<VmLayout, 'restoreJournal'>;

/** It has reached the disk when this returns. */
export function writeJournal({ restoreJournal }: Place, journal: RestoreJournal): void {
  replaceFile(restoreJournal, JSON.stringify(journal), 0o600);
  syncDirectory(dirname(restoreJournal));
}

/**
 * Ends a restore that was cut off: puts the images in place if all of them are complete, else removes the new files.
 * Returns what was done, for people, or undefined if there was nothing to do. Errors: BACKUP_RESTORE.
 */
export function settleRestore(place: Place): string | undefined {
  if (!existsSync(place.restoreJournal)) return undefined;
  try {
    const journal = readJournal(place);
    if (journal.complete) putInPlace(journal);
    else for (const { fresh } of journal.files) rmSync(fresh, { force: true });
    rmSync(place.restoreJournal);
    return journal.complete
      ? `the restore of backup ${journal.backup}, which was cut off, is done`
      : `the restore of backup ${journal.backup}, which was cut off, is undone: the images are as they were`;
  } catch (error) {
    throw new UmlmonError('BACKUP_RESTORE', {
      place: place.restoreJournal,
      cause: `a restore was cut off, and cannot be settled: ${error instanceof Error ? error.message : String(error)}`,
      hint: 'mend what it says, and start the VM again; or restore again',
    });
  }
}

/** May be done again after it was cut off anywhere. */
export function putInPlace({ files }: RestoreJournal): void {
  for (const { fresh, path } of files) if (existsSync(fresh)) renameSync(fresh, path);
  for (const directory of new Set(files.map(({ path }) => dirname(path)))) syncDirectory(directory);
}

function readJournal({ restoreJournal }: Place): RestoreJournal {
  const text = readRegularFile(restoreJournal, 'any');
  if (!Buffer.isBuffer(text) || text.length > monitorLimits.runRecordBytes)
    throw new Error('it cannot be read');
  const journal = JSON.parse(text.toString()) as RestoreJournal;
  const sound =
    Array.isArray(journal.files) &&
    journal.files.every(({ fresh, path }) => typeof fresh === 'string' && typeof path === 'string');
  if (!sound) throw new Error('it is damaged');
  return journal;
}

function syncDirectory(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
