/** The image of a run: never written. What the guest changes goes to a file that has no name any more when it runs. */
import { constants, readSync, realpathSync, statfsSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { copyRange } from '../disk/copy-range.ts';
import { writeEmptyCow } from '../disk/cow-create.ts';
import { isCow } from '../disk/cow-format.ts';
import { cowHazard } from '../disk/cow-hazard.ts';
import { type ImageContent, recogniseImage } from '../disk/filesystem.ts';
import { wholeSeconds } from '../disk/image-file.ts';
import { ImageLocks } from '../disk/image-lock.ts';
import { nameOfHostPath } from '../disk/image-name.ts';
import type { Bind } from '../jail/sandbox.ts';
import type { VmUser } from '../jail/user.ts';
import { mayAccess } from '../plan/access.ts';
import { isSystemError, UmlmonError } from '../system/errors.ts';
import { lock } from '../system/native.ts';
import { holderName, imageHoldersOf, type Place, type Roots } from './place.ts';

export interface RunImage {
  readonly type: string;
  /** As the guest names it. */
  readonly device: string;
  readonly binds: readonly Bind[];
  /** Paths in the jail. */
  readonly disk: { readonly jailPath: string; readonly backing?: string };
  /** On the host; to be removed as soon as the kernel's jail stands. */
  readonly changes: string;
  release(): Promise<void>;
}

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = constants;
const changesInJail = '/disk/changes';
const backingInJail = '/disk/image';

/**
 * Locks an image against those who would write to it, and makes the file for the changes: a COW file, or a copy where
 * the kernel would read wrong data through one.
 *
 * @throws UmlmonError IMAGE_MISSING, IMAGE_KIND, IMAGE_ACCESS, IMAGE_IN_USE, IMAGE_CHAIN
 */
export async function prepareImage(
  given: string,
  { roots, place, user }: { roots: Roots; place: Place; user: VmUser },
): Promise<RunImage> {
  const { path, handle } = await openImage(given);
  let locks: ImageLocks | undefined;
  const release = async () => {
    locks?.close();
    await handle.close();
  };
  try {
    const stat = await handle.stat({ bigint: true });
    if (!stat.isFile()) throw new UmlmonError('IMAGE_KIND', { place: path, cause: 'not a regular file' });
    const { uid, gid, mode } = { uid: Number(stat.uid), gid: Number(stat.gid), mode: Number(stat.mode) };
    if (user.uid !== process.geteuid?.() && !mayAccess({ uid, gid, mode }, user, 4))
      throw new UmlmonError('IMAGE_ACCESS', {
        place: path,
        cause: `user ${user.name}, as whom the kernel runs, may not read it`,
        hint: `chmod a+r ${path}, or name another user with -user`,
      });
    const store = { ...roots, holders: imageHoldersOf(roots) };
    const name = nameOfHostPath(path, store);
    if (name) {
      const id = `${stat.dev}:${stat.ino}`;
      locks = ImageLocks.take(store, holderName(place.id), [{ image: name, id, mode: 'ro' }]);
    } else if (!lock(handle.fd, 'shared'))
      throw new UmlmonError('IMAGE_IN_USE', {
        place: path,
        cause: 'a VM or another program writes to it',
        hint: 'stop that first, or use a copy',
      });
    const size = Number(stat.size);
    const readAt = (offset: number, length: number) => {
      const buffer = Buffer.alloc(length);
      return buffer.subarray(0, readSync(handle.fd, buffer, 0, length, offset));
    };
    if (isCow(readAt(0, 8)))
      throw new UmlmonError('IMAGE_CHAIN', {
        place: path,
        cause: 'a COW file, over which the kernel takes no second one',
        hint: 'merge it, or use its backing file',
      });
    const content = recogniseImage(readAt, size);
    const root = rootOf(content, path);
    const changes = hasRoom(dirname(place.changes.memory), size) ? place.changes.memory : place.changes.disk;
    const isCopy = cowHazard(content, size) !== undefined;
    const file = await open(changes, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      if (isCopy) {
        await file.truncate(size);
        await copyRange({ handle, offset: 0 }, { handle: file, offset: 0 }, size);
      } else
        await writeEmptyCow(file, {
          backing: backingInJail,
          size,
          mtime: wholeSeconds(Number(stat.mtimeMs)),
        });
      await file.chown(user.uid, user.gid);
    } finally {
      await file.close();
    }
    return {
      ...root,
      binds: [
        ...(isCopy ? [] : [{ from: path, to: backingInJail, mode: 'ro' as const }]),
        { from: changes, to: changesInJail, mode: 'rw' },
      ],
      disk: { jailPath: changesInJail, ...(isCopy ? {} : { backing: backingInJail }) },
      changes,
      release,
    };
  } catch (error) {
    await release();
    throw error;
  }
}

async function openImage(given: string): Promise<{ path: string; handle: FileHandle }> {
  try {
    const path = realpathSync(given);
    // O_NONBLOCK in case the path names a FIFO, whose opening would wait.
    return { path, handle: await open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW) };
  } catch (error) {
    if (!isSystemError(error)) throw error;
    const code = error.code === 'EACCES' ? 'IMAGE_ACCESS' : 'IMAGE_MISSING';
    throw new UmlmonError(code, { place: given, cause: error.message });
  }
}

/** Kinds that can be a root, and that the guest's kernel may know. */
const roots = new Set(['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'squashfs']);

function rootOf(content: ImageContent | undefined, place: string): { type: string; device: string } {
  if (content?.holds === 'filesystem' && roots.has(content.kind))
    return { type: content.kind, device: '/dev/ubda' };
  const partition =
    content?.holds === 'partitions'
      ? content.partitions.find(({ content: inner }) => inner && roots.has(inner.kind))
      : undefined;
  if (partition?.content) return { type: partition.content.kind, device: `/dev/ubda${partition.number}` };
  throw new UmlmonError('IMAGE_KIND', {
    place,
    cause: 'no file system is known in it that could be a root',
    hint: `there can be one of ${[...roots].join(', ')}, alone or in a partition`,
  });
}

function hasRoom(directory: string, bytes: number): boolean {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize >= bytes;
}
