/** Crash bundles on disk: directories that are there as a whole or not at all. */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { VmLayout } from '../../jail/layout.ts';
import { UMLMON_DATA_MAX, UMLMON_NAME_MAX } from '../../rpc/umlmonctrl.gen.ts';
import { isSystemError, UmlmonError } from '../../system/errors/errors.ts';
import { replaceFile } from '../../system/files/atomic-file.ts';
import { monitorLimits } from '../../system/limits/limits.ts';
import { printable } from '../../system/text.ts';
import type { BundleFile } from './crash-content.ts';
import { type Bundle, isBundleFile, isBundleName } from './crash-retention.ts';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

export type StorePlace = Pick<VmLayout, 'crashes' | 'crashDraft'>;

/** All bundles, from the oldest to the newest; what is not a complete bundle is left out, and left alone. */
export function listBundles({ crashes }: StorePlace): Bundle[] {
  return namesOfBundles({ crashes })
    .flatMap((name) => readManifest(crashes, name) ?? [])
    .sort((a, b) => a.sequence - b.sequence || a.endedAt - b.endedAt);
}

/** Of complete bundles, and of what has only the name of one. */
export function namesOfBundles({ crashes }: Pick<StorePlace, 'crashes'>): string[] {
  return existsSync(crashes) ? readdirSync(crashes).filter(isBundleName) : [];
}

/** Writes a bundle as a draft, then renames it. Bundles are not data of the guest: they are not synced. */
export function writeBundle(
  { crashes, crashDraft }: StorePlace,
  description: Omit<Bundle, 'files'>,
  files: readonly BundleFile[],
): void {
  rmSync(crashDraft, { recursive: true, force: true });
  try {
    mkdirSync(join(crashDraft, 'console'), { recursive: true, mode: 0o750 });
    const manifest = { ...description, files: files.map(({ path, data }) => ({ path, bytes: data.length })) };
    for (const { path, data } of [
      ...files,
      { path: manifestFile, data: Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`) },
    ])
      writeFileSync(join(crashDraft, path), data, { mode: 0o640, flag: 'wx' });
    renameSync(crashDraft, join(crashes, description.name));
  } catch (error) {
    removeDraft(crashDraft);
    throw error;
  }
}

/** Adds a file to a bundle; nothing if the bundle is gone. */
export function addToBundle(place: StorePlace, name: string, { path, data }: BundleFile): void {
  const bundle = listBundles(place).find((known) => known.name === name);
  if (!bundle) return;
  const directory = join(place.crashes, name);
  writeFileSync(join(directory, path), data, { mode: 0o640, flag: 'wx' });
  const { name: _, ...description } = bundle;
  const files = [...bundle.files, { path, bytes: data.length }];
  const manifest = JSON.stringify({ name, ...description, files }, null, 2);
  replaceFile(join(directory, manifestFile), `${manifest}\n`, 0o640, false);
}

/** Removes a bundle, which is no longer seen before the first of its files goes. */
export function removeBundle({ crashes, crashDraft }: StorePlace, name: string): void {
  rmSync(crashDraft, { recursive: true, force: true });
  renameSync(join(crashes, name), crashDraft);
  rmSync(crashDraft, { recursive: true, force: true });
}

export interface FileRequest {
  readonly bundle: string;
  readonly file: string;
  readonly offset: number;
  readonly max: number;
}

/** A piece of a file of a bundle, with the size of the whole file. Errors: CRASH_UNKNOWN. */
export function readBundleFile(
  { crashes }: StorePlace,
  { bundle, file, offset, max }: FileRequest,
): { data: Uint8Array; size: number } {
  if (!isBundleName(bundle) || !isBundleFile(file)) throw unknown(bundle, file);
  let fd: number;
  try {
    fd = openSync(join(crashes, bundle, file), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') throw unknown(bundle, file);
    throw error;
  }
  try {
    const { size } = fstatSync(fd);
    const length = Math.max(0, Math.min(max, UMLMON_DATA_MAX, size - offset));
    const data = Buffer.alloc(length);
    return { data: data.subarray(0, length > 0 ? readSync(fd, data, 0, length, offset) : 0), size };
  } finally {
    closeSync(fd);
  }
}

const manifestFile = 'bundle.json';

function readManifest(crashes: string, name: string): Bundle | undefined {
  try {
    const path = join(crashes, name, manifestFile);
    if (statSync(path).size > monitorLimits.bundleManifestBytes) return undefined;
    const value = JSON.parse(readFileSync(path, 'utf8')) as Bundle;
    const { series, sequence = 0, endedAt, cause, panic, files } = value;
    const sound =
      [series, cause, panic].every((text) => typeof text === 'string') &&
      Number.isSafeInteger(endedAt) &&
      endedAt >= 0 &&
      Number.isSafeInteger(sequence) &&
      sequence >= 0 &&
      Array.isArray(files) &&
      files.every((file) => isBundleFile(file.path) && Number.isSafeInteger(file.bytes) && file.bytes >= 0);
    return sound ? { name, series, sequence, endedAt, cause, panic, files } : undefined;
  } catch {
    return undefined;
  }
}

/** On a full disk, too, this must not hide the first error. */
function removeDraft(draft: string): void {
  try {
    rmSync(draft, { recursive: true, force: true });
  } catch {
    // The next bundle, or the next monitor, removes it: see clean-up.ts.
    return;
  }
}

function unknown(bundle: string, file: string): UmlmonError {
  return new UmlmonError('CRASH_UNKNOWN', {
    place: printable(bundle, UMLMON_NAME_MAX),
    cause: `the crash bundle, or its file ${printable(file, UMLMON_NAME_MAX)}, does not exist`,
    hint: 'the command -crashes lists them',
  });
}
