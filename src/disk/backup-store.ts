/** Backups on disk: directories that are there as a whole or not at all. */
import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { givenNameDamage } from '../config/names.ts';
import { isSystemError, UmlmonError } from '../system/errors.ts';
import { diskLimits } from '../system/limits.ts';
import { removeTree } from '../system/remove-tree.ts';
import { printable } from '../system/text.ts';
import { type Manifest, parseManifest } from './backup-manifest.ts';
import { readFully } from './image-file.ts';
import { syncDirectory } from './new-image.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

export interface BackupPlace {
  /** Directory of the backups of a VM. */
  readonly backups: string;
  /** One of them while it is written or removed. */
  readonly backupDraft: string;
}

const manifestFile = 'manifest.json';

/** All complete backups, from the oldest to the newest. */
export async function listBackups({ backups }: BackupPlace): Promise<Manifest[]> {
  const found: Manifest[] = [];
  for (const name of await namesIn(backups)) {
    const manifest = givenNameDamage(name, 'backup') ? undefined : await readManifest(join(backups, name));
    if (manifest?.name === name) found.push(manifest);
  }
  return found.sort((a, b) => a.takenAt - b.takenAt);
}

/** Errors: BACKUP_UNKNOWN, BACKUP_DAMAGED. */
export async function findBackup(place: BackupPlace, name: string): Promise<Manifest> {
  const known = !givenNameDamage(name, 'backup') && (await namesIn(place.backups)).includes(name);
  const manifest = known ? await readManifest(join(place.backups, name)) : undefined;
  if (manifest?.name === name) return manifest;
  throw new UmlmonError(known ? 'BACKUP_DAMAGED' : 'BACKUP_UNKNOWN', {
    place: known ? join(place.backups, name) : printable(name, 64),
    cause: known ? 'its manifest is missing or damaged' : 'there is no such backup',
    hint: 'umlwatch VM -backups lists them',
  });
}

export async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return [];
    throw error;
  }
}

/** Makes an empty draft, in the place of one that was cut off. Only the monitor's user can enter either directory. */
export async function beginDraft({ backups, backupDraft }: BackupPlace): Promise<void> {
  await mkdir(backups, { recursive: true, mode: 0o700 });
  removeTree(backupDraft);
  await mkdir(backupDraft, { mode: 0o700 });
}

/** Completes the draft: its files have reached the disk, and now it appears under its name. Errors: BACKUP_EXISTS. */
export async function completeDraft(
  { backups, backupDraft }: BackupPlace,
  manifest: Manifest,
): Promise<string> {
  const path = join(backups, manifest.name);
  const handle = await open(join(backupDraft, manifestFile), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(manifest, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await syncDirectory(backupDraft);
  await refuseTaken({ backups }, manifest.name);
  await rename(backupDraft, path);
  await syncDirectory(backups);
  return path;
}

/** Errors: BACKUP_EXISTS. */
export async function refuseTaken({ backups }: Pick<BackupPlace, 'backups'>, name: string): Promise<void> {
  if (!(await namesIn(backups)).includes(name)) return;
  throw new UmlmonError('BACKUP_EXISTS', {
    place: join(backups, name),
    cause: 'there is a backup of this name',
    hint: 'take another name, or none: then it is the time',
  });
}

/** Removes a backup, which is no longer seen before the first of its files goes. */
export async function removeBackup({ backups, backupDraft }: BackupPlace, name: string): Promise<void> {
  removeTree(backupDraft);
  await rename(join(backups, name), backupDraft);
  removeTree(backupDraft);
}

async function readManifest(directory: string): Promise<Manifest | undefined> {
  try {
    if (!(await lstat(directory)).isDirectory()) return undefined;
    const handle = await open(join(directory, manifestFile), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const { size } = await handle.stat();
      if (size > diskLimits.backupManifestBytes) return undefined;
      const bytes = Buffer.alloc(size);
      return parseManifest(bytes.toString('utf8', 0, await readFully(handle, bytes, 0)));
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isSystemError(error) && (error.code === 'ENOENT' || error.code === 'ELOOP')) return undefined;
    throw error;
  }
}
