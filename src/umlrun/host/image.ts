/** The image of a run: never written. What the guest changes goes to a file that has no name any more when it runs. */
import {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  ftruncateSync,
  openSync,
  promises,
  readSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { Filesystem, ReadAt } from '../../disk/content/filesystem.ts';
import { cureFor, recogniseForeign } from '../../disk/content/other-formats.ts';
import { type ImageContent, recogniseImage } from '../../disk/content/recognise.ts';
import { type CowHeader, encodeCowHeader, isCow, layOutCow } from '../../disk/cow/format.ts';
import { cowHazard } from '../../disk/cow/hazard.ts';
import { ImageLocks } from '../../disk/locks/image-lock.ts';
import { nameOfHostPath } from '../../disk/names/image-name.ts';
import type { Bind } from '../../jail/sandbox/sandbox.ts';
import type { VmUser } from '../../jail/user.ts';
import { isSystemError, UmlmonError } from '../../system/errors/errors.ts';
import { mayAccess } from '../../system/files/permissions.ts';
import type { OpenedPath } from '../../system/files/walk-path.ts';
import { lock } from '../../system/native/native.ts';
import { shellWord } from '../../system/shell-word.ts';
import { holderName, imageHoldersOf, type Roots, type RunDirectory } from '../run-directory.ts';
import { fds } from '../streams/descriptors.ts';
import { type GivenFiles, openGiven } from './given.ts';

export interface RunImage {
  readonly type: string;
  /** As the guest names it. */
  readonly device: string;
  readonly binds: readonly Bind[];
  /** Paths in the jail. */
  readonly disk: { readonly jailPath: string; readonly backing?: string };
  /** On the host; removed as soon as the kernel's jail is complete. */
  readonly changes: string;
  release(): void;
}

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_RDWR } = constants;
const changesInJail = '/disk/changes';
const backingInJail = '/disk/image';

/**
 * Locks an image against writers, and creates the file for the changes. That is a COW file, or a copy if the kernel would
 * read wrong data through a COW file. The image is opened once: the checked file is locked, copied and bound.
 *
 * @param bound number of the image's descriptor in the chain that creates the jail
 * @throws UmlmonError IMAGE_MISSING, IMAGE_KIND, IMAGE_CONTENT, IMAGE_ACCESS, IMAGE_IN_USE, IMAGE_CHAIN
 */
export async function prepareImage(
  given: string,
  {
    roots,
    place,
    user,
    files,
  }: { roots: Roots; place: Pick<RunDirectory, 'id' | 'changes'>; user: VmUser; files: GivenFiles },
): Promise<RunImage> {
  const errors = { place: given, missing: 'IMAGE_MISSING', closed: 'IMAGE_ACCESS' } as const;
  const opened = files.add(openGiven(given, user, errors));
  const { path } = opened;
  let locks: ImageLocks | undefined;
  let fd = -1;
  const release = () => {
    locks?.close();
    if (fd >= 0) closeSync(fd);
  };
  try {
    if (!opened.stat.isFile())
      throw new UmlmonError('IMAGE_KIND', {
        place: path,
        cause: 'not a regular file',
        hint: 'give a file; for a directory use -root DIR',
      });
    fd = openForReading(opened);
    const stat = fstatSync(fd, { bigint: true });
    const { uid, gid, mode } = { uid: Number(stat.uid), gid: Number(stat.gid), mode: Number(stat.mode) };
    if (user.uid !== process.geteuid?.() && !mayAccess({ uid, gid, mode }, user, 4))
      throw new UmlmonError('IMAGE_ACCESS', {
        place: path,
        cause: `the kernel runs as user ${user.name}, who cannot read it`,
        hint: `chmod a+r ${shellWord(path)}, or choose another user with -user`,
      });
    const store = { ...roots, holders: imageHoldersOf(roots) };
    const name = nameOfHostPath(path, store);
    if (name) {
      const id = `${stat.dev}:${stat.ino}`;
      locks = await ImageLocks.take(store, holderName(place.id), [{ image: name, id, mode: 'ro' }]);
    } else if (!lock(fd, 'shared'))
      throw new UmlmonError('IMAGE_IN_USE', {
        place: path,
        cause: 'a VM or another program writes to it',
        hint: 'stop it first, or use a copy',
      });
    const size = Number(stat.size);
    const readAt = (offset: number, length: number) => {
      const buffer = Buffer.alloc(length);
      return buffer.subarray(0, readSync(fd, buffer, 0, length, offset));
    };
    if (isCow(readAt(0, 8)))
      throw new UmlmonError('IMAGE_CHAIN', {
        place: path,
        cause: 'it is a COW file, and the kernel supports only one COW layer',
        hint: 'merge it first, or use its backing file',
      });
    const content = recogniseImage(readAt, size);
    const root = rootOf(content, { path, size, readAt });
    const { memory, onDisk } = place.changes;
    const changes = hasRoom(dirname(memory), size) ? memory : onDisk();
    const isCopy = cowHazard(content, size) !== undefined;
    const file = openSync(changes, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      const mtime = Number(stat.mtimeNs / 1_000_000_000n);
      if (isCopy) await copyImage(fd, file, size);
      else writeEmptyCow(file, { backing: backingInJail, size, mtime });
      fchownSync(file, user.uid, user.gid);
    } finally {
      closeSync(file);
    }
    return {
      ...root,
      binds: [
        ...(isCopy
          ? []
          : [{ from: path, to: backingInJail, mode: 'ro' as const, fd: files.numberOf(opened, fds.binds) }]),
        { from: changes, to: changesInJail, mode: 'rw' },
      ],
      disk: { jailPath: changesInJail, ...(isCopy ? {} : { backing: backingInJail }) },
      changes,
      release,
    };
  } catch (error) {
    release();
    throw error;
  }
}

/** Header, bitmap and data, all but the header a hole. */
function writeEmptyCow(fd: number, header: CowHeader): void {
  writeSync(fd, encodeCowHeader(header));
  ftruncateSync(fd, layOutCow(header.size).dataOffset + header.size);
}

/** What is needed for it is loaded only here: it is rare. */
async function copyImage(from: number, to: number, size: number): Promise<void> {
  const open = (fd: number, flags: number) => promises.open(`/proc/self/fd/${fd}`, flags);
  const { copyRange } = await import('../../disk/io/copy-range.ts');
  const [source, target] = [await open(from, O_RDONLY), await open(to, O_RDWR)];
  try {
    await target.truncate(size);
    await copyRange({ handle: source, offset: 0 }, { handle: target, offset: 0 }, size);
  } finally {
    await source.close();
    await target.close();
  }
}

function openForReading({ fd, path }: OpenedPath): number {
  try {
    return openSync(`/proc/self/fd/${fd}`, O_RDONLY);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new UmlmonError('IMAGE_ACCESS', {
      place: path,
      cause: `cannot read it: ${error.code}`,
      hint: `chmod u+r ${shellWord(path)}`,
    });
  }
}

/** Kinds that can be a root, and that the guest's kernel may know. */
const roots = new Set(['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'squashfs']);

interface RootImage {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly readAt: ReadAt;
}

function rootOf(content: ImageContent | undefined, image: RootImage): { type: string; device: string } {
  if (content?.holds === 'filesystem' && roots.has(content.kind)) {
    requireWhole(content, image.size, image.path);
    return { type: content.kind, device: '/dev/ubda' };
  }
  const partition =
    content?.holds === 'partitions'
      ? content.partitions.find(({ content: inner }) => inner && roots.has(inner.kind))
      : undefined;
  if (partition?.content) {
    const { number, start, content: inner } = partition;
    requireWhole(inner, Math.min(partition.size, image.size - start), `${image.path}, partition ${number}`);
    return { type: inner.kind, device: `/dev/ubda${number}` };
  }
  const foreign = recogniseForeign(image.readAt);
  throw new UmlmonError('IMAGE_KIND', {
    place: image.path,
    cause: foreign
      ? `it is ${foreign.what}, not a disk image`
      : 'it contains no file system that can be a root',
    hint: foreign
      ? cureFor(foreign.cure, image.path)
      : `use an image with ${[...roots].join(', ')}, with or without partitions`,
  });
}

/** Errors: IMAGE_CONTENT if a part of the file system is missing: the kernel does not mount it. */
function requireWhole({ kind, size }: Filesystem, room: number, place: string): void {
  if (size <= room) return;
  throw new UmlmonError('IMAGE_CONTENT', {
    place,
    cause: `it is truncated: its ${kind} file system needs ${size} bytes, but has ${room}`,
    hint: 'copy the whole image again',
  });
}

function hasRoom(directory: string, bytes: number): boolean {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize >= bytes;
}
