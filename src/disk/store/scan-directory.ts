/** Scans the images in one directory, which may belong to a hostile user: by open directories, up to a limit. */
import { closeSync, constants, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { type Failure, isSystemError, toFailure } from '../../system/errors/errors.ts';
import { carefully, type HeldDirectory } from '../../system/files/held-directory.ts';
import type { Permissions } from '../../system/files/permissions.ts';
import { diskLimits } from '../../system/limits/limits.ts';
import { headerIn } from '../cow/file.ts';
import { factsIn, factsOf, type ImageFacts, permissionsIn } from '../names/image-facts.ts';
import { type ImageName, nameFor, nameText } from '../names/image-name.ts';
import type { FoundImage } from './graph.ts';

/** What a scan has seen so far. */
export interface DirectoryScan {
  readonly found: FoundImage[];
  readonly warnings: Failure[];
  /** Unknown.images */
  readonly unknown: Map<string, string>;
  /** Unknown.full */
  readonly full: Set<string>;
}

interface Here {
  readonly vm: string;
  readonly directory: HeldDirectory;
  readonly jailPath: string;
  readonly depth: number;
  readonly way: readonly Permissions[];
  /** Of the VM. */
  readonly files: { count: number };
}

/** Scans the images of a VM, or for '' the shared ones; yields after every file. */
export function* scanDirectory(look: DirectoryScan, vm: string, directory: HeldDirectory): Generator<void> {
  const way = vm === '' ? [permissionsIn(directory.stat)] : [];
  const jailPath = vm === '' ? '/shared/disks' : '/disks';
  yield* lookIn(look, { vm, directory, jailPath, depth: 0, way, files: { count: 0 } });
}

function* lookIn(look: DirectoryScan, here: Here): Generator<void> {
  const { vm, directory, jailPath, files } = here;
  try {
    for (const entry of directory.entries()) {
      files.count += 1;
      if (files.count === diskLimits.scanFiles) look.full.add(vm);
      if (files.count > diskLimits.scanFiles) {
        const cause = `the directory has more than ${diskLimits.scanFiles} files`;
        // Once, and not again for every directory above.
        if (files.count === diskLimits.scanFiles + 1) miss(look, vm, directory.path, cause);
        return;
      }
      if (entry.isDirectory()) yield* lookBelow(look, here, entry.name);
      else {
        const name = nameFor(vm, `${jailPath}/${entry.name}`);
        if (name) lookAt(look, here, name, entry);
      }
      yield;
    }
  } catch (error) {
    fail(look, vm, directory.path, error);
  }
}

function* lookBelow(look: DirectoryScan, here: Here, entry: string): Generator<void> {
  const { vm, directory, jailPath, depth, way } = here;
  const path = join(directory.path, entry);
  if (depth === diskLimits.scanDepth) return miss(look, vm, path, 'a directory is nested too deeply');
  let below: HeldDirectory;
  try {
    below = directory.directory(entry);
  } catch (error) {
    return fail(look, vm, path, error);
  }
  try {
    yield* lookIn(look, {
      ...here,
      directory: below,
      jailPath: `${jailPath}/${entry}`,
      depth: depth + 1,
      way: [...way, permissionsIn(below.stat)],
    });
  } finally {
    below.close();
  }
}

function lookAt(look: DirectoryScan, { vm, directory, way }: Here, name: ImageName, entry: Dirent): void {
  const path = join(directory.path, entry.name);
  try {
    const image = name.path.endsWith('.cow')
      ? lookAtCow(directory, entry, way)
      : lookAtOther(directory, entry, way, name.path.endsWith('.dev'));
    if (image) look.found.push({ name, ...image });
    else if (image === undefined)
      report(look, path, {
        code: 'IMAGE_KIND',
        cause: `${nameText(name)} is not the kind of file that its name says`,
      });
  } catch (error) {
    fail(look, vm, path, error);
  }
}

type Seen = Omit<FoundImage, 'name'>;

function lookAtOther(
  directory: HeldDirectory,
  { name }: Dirent,
  way: readonly Permissions[],
  isDevice: boolean,
): Seen | undefined | null {
  const stat = directory.look(name);
  // Gone since the directory was read.
  if (!stat) return null;
  const facts = factsIn(stat, '', way);
  if (facts.kind !== (isDevice ? 'block' : 'file')) return undefined;
  return seen(facts, isDevice ? 'device' : 'flat');
}

/** The header is one that a hostile guest's kernel may have written. */
function lookAtCow(directory: HeldDirectory, entry: Dirent, way: readonly Permissions[]): Seen | undefined {
  // Opening a device has side effects; if the file system does not report file kinds, stat is used.
  if (!entry.isFile() && !directory.look(entry.name)?.isFile()) return undefined;
  const fd = directory.openFile(entry.name, constants.O_RDONLY | carefully);
  try {
    const facts = factsOf(fd, '', way);
    if (facts.kind !== 'file') return undefined;
    return { ...seen(facts, 'cow'), header: headerIn(fd, join(directory.path, entry.name)) };
  } finally {
    closeSync(fd);
  }
}

function seen({ hostPath: _, kind: __, ...facts }: ImageFacts, kind: FoundImage['kind']): Seen {
  return { ...facts, kind };
}

/** Something is not known now: what depends on it is refused. */
function miss(look: DirectoryScan, vm: string, place: string, cause: string): void {
  if (!look.unknown.has(vm)) look.unknown.set(vm, `${cause}: ${place}`);
  report(look, place, { code: 'IMAGE_UNKNOWN', cause: `${cause}; the rest is ignored` });
}

function fail(look: DirectoryScan, vm: string, place: string, error: unknown): void {
  // Gone since the directory was read: then there is nothing to know.
  if (isSystemError(error) && error.code === 'ENOENT') return;
  const failure = toFailure(error, place);
  if (!look.unknown.has(vm)) look.unknown.set(vm, `${failure.cause}: ${place}`);
  report(look, place, failure);
}

function report(
  { warnings }: DirectoryScan,
  place: string,
  { code, cause }: Pick<Failure, 'code' | 'cause'>,
): void {
  if (warnings.length < diskLimits.scanFailures) warnings.push({ code, place, cause, hint: '' });
}
