/**
 * How an image gets to a tool that reads what a guest has written, and as which user. The tool has a descriptor, and
 * opens it once more through /proc, which checks the rights to the file itself (proc_pid_fd(5)). So the tool runs as an
 * unprivileged user who has them. A file that only root can read is handed over as a copy, a device as another node.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { isSystemError, UmlmonError } from '../../system/errors/errors.ts';
import { makeBlockDevice } from '../../system/native/native.ts';
import { copyContent } from '../io/copy-content.ts';
import type { DiskProgress, ImageFile } from '../names/image-file.ts';
import { withScratchFile } from '../names/new-image.ts';
import type { NewPlace } from '../names/new-place.ts';

declare const handed: unique symbol;

/** An image that a tool may open: only this file makes them. */
export interface HandedImage {
  /** The caller closes it when the tool has exited. */
  readonly handle: FileHandle;
  /** Bytes. */
  readonly size: number;
  /** Whom the tool becomes; undefined if umlmon is not root, and it stays the same user. */
  readonly user: ToolUser | undefined;
  readonly [handed]: true;
}

export interface ToolUser {
  readonly uid: number;
  readonly gid: number;
}

/** uid and gid of `nobody` and its group in all Linux systems: those of the overflow (user_namespaces(7)). */
const nobody: ToolUser = { uid: 65_534, gid: 65_534 };

/**
 * A file that umlmon has created and that no other process has open: the tool becomes its owner and can write to it.
 *
 * @param size bytes that the tool may make of it
 */
export async function handOver(handle: FileHandle, size: number): Promise<HandedImage> {
  if (process.geteuid?.() !== 0) return hand(handle, size, undefined);
  await handle.chown(nobody.uid, nobody.gid);
  return hand(handle, size, nobody);
}

/**
 * An image that a tool only reads. One that belongs to root alone is copied, which shares blocks where the file system
 * can and else takes space until the end.
 *
 * @param place where there is room for a copy
 * @throws what `use` throws; the reason of the signal
 */
export async function withReadable<Result>(
  { handle, size }: Pick<ImageFile, 'handle' | 'size'>,
  place: NewPlace,
  { signal }: DiskProgress,
  use: (image: HandedImage) => Promise<Result>,
): Promise<Result> {
  if (process.geteuid?.() !== 0) return use(hand(handle, size, undefined));
  const stat = await handle.stat();
  if (stat.isBlockDevice()) return withNode(stat.rdev, (node) => use(hand(node, size, nobody)));
  const user = readerOf(stat);
  if (user) return use(hand(handle, size, user));
  return withScratchFile(place, async (scratch) => {
    await copyContent({ handle, size }, scratch, signal ? { signal } : {});
    return use(await handOver(scratch, size));
  });
}

/** An unprivileged user who can read a file: preferably the account `nobody`, which then cannot write to it. */
function readerOf({ uid, gid, mode }: ToolUser & { readonly mode: number }): ToolUser | undefined {
  if (uid !== nobody.uid && gid !== nobody.gid && (mode & 0o004) !== 0) return nobody;
  if (uid === 0 || (mode & 0o400) === 0) return undefined;
  return { uid, gid: gid === 0 ? nobody.gid : gid };
}

function hand(handle: FileHandle, size: number, user: ToolUser | undefined): HandedImage {
  return { handle, size, user } as HandedImage;
}

const { O_RDONLY, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK } = constants;

/** Opens a device by a node of its own, without a name, that `nobody` can read and no one can write. */
async function withNode<Result>(rdev: number, use: (node: FileHandle) => Promise<Result>): Promise<Result> {
  const path = `/dev/.umlmon-${process.pid}-${randomBytes(6).toString('hex')}`;
  try {
    makeBlockDevice(path, rdev);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new UmlmonError('HOST_SYSTEM_CALL', {
      place: path,
      cause: `cannot create another node of the device: ${error.message}`,
      hint: 'attach the disk to a VM and check it there: the tool runs without root and needs that node',
    });
  }
  let node: FileHandle;
  try {
    node = await open(path, O_RDONLY | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK);
  } finally {
    await unlink(path);
  }
  try {
    const stat = await node.stat();
    if (!stat.isBlockDevice() || stat.rdev !== rdev) throw new Error(`${path} is another device`);
    await node.chown(nobody.uid, nobody.gid);
    await node.chmod(0o400);
    return await use(node);
  } finally {
    await node.close();
  }
}
