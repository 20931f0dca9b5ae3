import {
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Failure, isSystemError, toFailure, UmlmonError } from '../system/errors.ts';
import { diskLimits } from '../system/limits.ts';
import { COW_HEADER_BYTES, type CowHeader, decodeCow } from './cow-format.ts';
import { buildGraph, type FoundImage, type ImageGraph } from './graph.ts';
import { readHoldings } from './holders.ts';
import { disksOf, type ImageName, type ImageStore, nameFor, nameText, sharedDisks } from './image-name.ts';
import { deviceId, deviceSize } from './open-image.ts';

export interface Scan {
  readonly graph: ImageGraph;
  /** What could not be read; the graph is without it. */
  readonly troubles: readonly Failure[];
}

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/** Looks at the images of all VMs of the host: names, sizes, times, and the headers of COW files. Reads no more. */
export function scanImages(store: ImageStore): Scan {
  const look: Look = { found: [], troubles: [], files: 0, header: Buffer.alloc(COW_HEADER_BYTES) };
  scanDirectory(look, '', sharedDisks(store), '/shared/disks', 0);
  for (const { name: vm } of list(look, store.varDir))
    if (vm !== 'shared' && !vm.startsWith('.')) scanDirectory(look, vm, disksOf(store, vm), '/disks', 0);
  return { graph: buildGraph(look.found, readHoldings(store), store), troubles: look.troubles };
}

interface Look {
  readonly found: FoundImage[];
  readonly troubles: Failure[];
  files: number;
  /** One buffer for all headers. */
  readonly header: Buffer;
}

function scanDirectory(look: Look, vm: string, directory: string, jailPath: string, depth: number): void {
  for (const entry of list(look, directory)) {
    const hostPath = join(directory, entry.name);
    look.files += 1;
    if (look.files === diskLimits.scanFiles)
      report(look, hostPath, 'the rest of the images is not looked at: there are too many');
    if (look.files >= diskLimits.scanFiles) return;
    const path = `${jailPath}/${entry.name}`;
    if (entry.isDirectory()) {
      if (depth < diskLimits.scanDepth) scanDirectory(look, vm, hostPath, path, depth + 1);
      else report(look, hostPath, 'the directory is not looked at: it is too deep');
      continue;
    }
    const name = nameFor(vm, path);
    if (!name) continue;
    try {
      const image = lookAt(look, name, hostPath);
      if (image) look.found.push(image);
      else report(look, hostPath, `${nameText(name)} is neither a file nor a device of the kind of its name`);
    } catch (error) {
      // Gone since the directory was read: then there is nothing to report.
      if (!(isSystemError(error) && error.code === 'ENOENT')) trouble(look, toFailure(error, hostPath));
    }
  }
}

function lookAt(look: Look, name: ImageName, hostPath: string): FoundImage | undefined {
  const stat = lstatSync(hostPath, { bigint: true });
  const mtime = Number(stat.mtimeNs / 1_000_000_000n);
  if (name.path.endsWith('.dev')) {
    const id = deviceId(stat.rdev);
    const size = deviceSize(id);
    return stat.isBlockDevice() ? { name, id, kind: 'device', size, allocated: size, mtime } : undefined;
  }
  if (!stat.isFile()) return undefined;
  const allocated = Number(stat.blocks) * 512;
  const file = { name, id: `${stat.dev}:${stat.ino}`, size: Number(stat.size), allocated, mtime };
  if (!name.path.endsWith('.cow')) return { ...file, kind: 'flat' };
  return { ...file, kind: 'cow', header: readHeader(look, hostPath) };
}

/** The header of a COW file, which a hostile guest's kernel may have written; or why it has none. */
function readHeader({ header }: Look, hostPath: string): CowHeader | string {
  const fd = openSync(hostPath, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) return 'it is no regular file';
    const bytes = header.subarray(0, readSync(fd, header, 0, header.length, 0));
    return decodeCow(bytes, stat.size, hostPath);
  } catch (error) {
    if (error instanceof UmlmonError) return error.reason;
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** Nothing where there is no such directory: a VM that never ran has none. */
function list(look: Look, directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    if (!(isSystemError(error) && (error.code === 'ENOENT' || error.code === 'ENOTDIR')))
      trouble(look, toFailure(error, directory));
    return [];
  }
}

function report(look: Look, place: string, cause: string): void {
  trouble(look, { code: 'IMAGE_KIND', place, cause, hint: '' });
}

function trouble({ troubles }: Look, failure: Failure): void {
  if (troubles.length < diskLimits.scanTroubles) troubles.push(failure);
}
