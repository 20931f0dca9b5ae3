/** Backups on disk: a backup exists completely or not at all, in a directory that no other user can write to. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { givenNameDamage } from '../../config/names.ts';
import { isSystemError, UmlmonError } from '../../system/errors/errors.ts';
import { carefully, type HeldDirectory } from '../../system/files/held-directory.ts';
import { discard, emptyTrash, trashIn } from '../../system/files/trash.ts';
import { makeTrustedDirectory, openTrustedDirectory } from '../../system/files/trusted-path.ts';
import { diskLimits } from '../../system/limits/limits.ts';
import { printable } from '../../system/text.ts';
import { readFully } from '../names/image-file.ts';
import { byAge, type Manifest, parseManifest } from './manifest.ts';

const { O_CREAT, O_EXCL, O_RDONLY, O_WRONLY } = constants;

export interface BackupPlace {
  /** Directory of the backups of a VM. */
  readonly backups: string;
  /** One of them while it is written. */
  readonly backupDraft: string;
}

type StorePlace = Pick<BackupPlace, 'backups'>;

const manifestFile = 'manifest.json';

/** All complete backups, from the oldest to the newest. Errors: BACKUP_DIRECTORY. */
export async function listBackups(place: StorePlace): Promise<Manifest[]> {
  const store = openStore(place);
  if (!store) return [];
  try {
    const found: Manifest[] = [];
    for (const { name } of store.list()) {
      if (givenNameDamage(name, 'backup')) continue;
      const manifest = await readManifest(store, name);
      if (manifest?.name === name) found.push(manifest);
    }
    return found.sort(byAge);
  } finally {
    store.close();
  }
}

/**
 * A backup with the directory of its files, which the caller closes. Errors: BACKUP_UNKNOWN, BACKUP_DAMAGED, BACKUP_DIRECTORY.
 */
export async function openBackup(
  place: StorePlace,
  name: string,
): Promise<{ manifest: Manifest; files: HeldDirectory }> {
  const store = openStore(place);
  try {
    const known = !givenNameDamage(name, 'backup') && store?.look(name) !== undefined;
    const manifest = store && known ? await readManifest(store, name) : undefined;
    if (store && manifest?.name === name) return { manifest, files: store.directory(name) };
    throw new UmlmonError(known ? 'BACKUP_DAMAGED' : 'BACKUP_UNKNOWN', {
      place: known ? join(place.backups, name) : printable(name, 64),
      cause: known ? 'its manifest is missing or damaged' : 'the backup does not exist',
      hint: 'list the backups: umlwatch VM -backups',
    });
  } finally {
    store?.close();
  }
}

export function namesIn(place: StorePlace): string[] {
  const store = openStore(place);
  try {
    return store?.list().map(({ name }) => name) ?? [];
  } finally {
    store?.close();
  }
}

/**
 * Creates an empty draft, and replaces an interrupted one; the caller closes it. Only the monitor's user can enter it.
 * Errors: BACKUP_DIRECTORY.
 */
export async function beginDraft({ backups, backupDraft }: BackupPlace): Promise<HeldDirectory> {
  const store = trusted(backups, makeTrustedDirectory(backups, 0o700));
  try {
    // A removal may still be in progress in it.
    await discard(backupDraft, trashIn(backups));
    return store.makeDirectory(basename(backupDraft), 0o700);
  } finally {
    store.close();
  }
}

/** Removes the rest of a draft. Resolves when its space is free. */
export async function endDraft({ backups, backupDraft }: BackupPlace): Promise<void> {
  await discard(backupDraft, trashIn(backups));
  await emptyTrash(trashIn(backups));
}

/** Completes the draft: its files have reached the disk, and now it appears under its name. Errors: BACKUP_EXISTS. */
export async function completeDraft(
  place: BackupPlace,
  draft: HeldDirectory,
  manifest: Manifest,
): Promise<void> {
  const flags = O_WRONLY | O_CREAT | O_EXCL | carefully;
  const handle = await open(draft.pathTo(manifestFile), flags, 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(manifest, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  draft.sync();
  refuseTaken(place, manifest.name);
  const store = trusted(place.backups, openTrustedDirectory(place.backups));
  try {
    store.rename(basename(place.backupDraft), manifest.name);
    store.sync();
  } finally {
    store.close();
  }
}

/** Errors: BACKUP_EXISTS. */
export function refuseTaken({ backups }: StorePlace, name: string): void {
  if (!namesIn({ backups }).includes(name)) return;
  throw new UmlmonError('BACKUP_EXISTS', {
    place: join(backups, name),
    cause: 'a backup of this name exists',
    hint: 'choose another name, or omit it: then the time is the name',
  });
}

/** Removes a backup, which is no longer seen before the first of its files goes. */
export async function removeBackup({ backups }: StorePlace, name: string): Promise<void> {
  await discard(join(backups, name), trashIn(backups));
  await emptyTrash(trashIn(backups));
}

/** Undefined if the directory does not exist. Errors: BACKUP_DIRECTORY. */
function openStore({ backups }: StorePlace): HeldDirectory | undefined {
  try {
    return trusted(backups, openTrustedDirectory(backups));
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** A user who can write there, or above, could change the data of a VM, and make root write elsewhere. */
function trusted(path: string, found: HeldDirectory | string): HeldDirectory {
  if (typeof found !== 'string') return found;
  throw new UmlmonError('BACKUP_DIRECTORY', {
    place: path,
    cause: `another user could change its files: ${found}`,
    hint: 'fix the permissions, or set backup_dir to another directory',
  });
}

async function readManifest(store: HeldDirectory, name: string): Promise<Manifest | undefined> {
  let backup: HeldDirectory | undefined;
  try {
    backup = store.directory(name);
    const handle = await open(backup.pathTo(manifestFile), O_RDONLY | carefully);
    try {
      const { size } = await handle.stat();
      if (size > diskLimits.backupManifestBytes) return undefined;
      const bytes = Buffer.alloc(size);
      return parseManifest(bytes.toString('utf8', 0, await readFully(handle, bytes, 0)));
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isSystemError(error) && ['ENOENT', 'ELOOP', 'ENOTDIR'].includes(error.code ?? '')) return undefined;
    throw error;
  } finally {
    backup?.close();
  }
}
