/** Copies of the images of a VM that runs, as they are at one moment. */
import { closeSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { BackupImage } from '../../disk/backup/manifest.ts';
import { copyContent } from '../../disk/io/copy-content.ts';
import { type ImageName, type ImageStore, nameFor } from '../../disk/names/image-name.ts';
import { openScratch } from '../../disk/names/new-image.ts';
import { openImage, openPlace } from '../../disk/names/open-image.ts';
import type { VmLayout } from '../../jail/layout.ts';
import { KernelPause } from '../../jail/pause.ts';
import type { ImagePlan } from '../../plan/plan.ts';
import { isSystemError, UmlmonError } from '../../system/errors/errors.ts';
import { replaceFile } from '../../system/files/atomic-file.ts';
import type { HeldDirectory } from '../../system/files/held-directory.ts';
import { monitorLimits } from '../../system/limits/limits.ts';
import { cloneFile, lock } from '../../system/native/native.ts';
import { shellWord } from '../../system/shell-word.ts';
import type { Channels } from '../consoles/channels.ts';
import type { RunningKernel } from '../running-kernel.ts';
import type { Warnings } from '../warnings.ts';
import type { Disks } from './disks.ts';
import { GuestFreezer, syncGuest } from './guest-sync.ts';

export interface CopyRequest {
  readonly vm: string;
  readonly image: ImagePlan;
  readonly store: ImageStore;
  /** Of the running kernel: they hold the locks. */
  readonly disks: Pick<Disks, 'fdOf'>;
  readonly draft: HeldDirectory;
}

type Owner = Pick<BackupImage, 'uid' | 'gid' | 'mode'>;

interface CopyParts {
  readonly image: ImagePlan;
  readonly owner: Owner;
  readonly file: string;
  readonly from: FileHandle;
  readonly backing: FileHandle | undefined;
  readonly target: FileHandle;
  readonly beside: FileHandle | undefined;
}

/**
 * One image and the files of its copy. All are open before the guest is paused. Image and backing file
 * are opened by the descriptors of the kernel: no other process can redirect the copy to another file.
 */
export class ImageCopy {
  readonly image: ImagePlan;
  readonly owner: Owner;
  /** Name of the copy in the draft. */
  readonly file: string;
  readonly target: FileHandle;
  /** The backing file of a COW image, locked against writers until this is closed. */
  readonly backing: FileHandle | undefined;
  /** Whether the blocks of image and copy are the same. */
  shared = false;
  readonly #from: FileHandle;
  /** A file without a name on the file system of the image, where blocks may be shared if they cannot with the target. */
  readonly #beside: FileHandle | undefined;
  #isBeside = false;

  /** Errors: IMAGE_SWAPPED, IMAGE_IN_USE, those of openImage. */
  static async open({ vm, image, store, disks, draft }: CopyRequest): Promise<ImageCopy> {
    const opened: FileHandle[] = [];
    const keep = (handle: FileHandle) => {
      opened.push(handle);
      return handle;
    };
    try {
      const held = disks.fdOf('image-lock', image.unit);
      const from = keep(await reopen(image, held ?? nameOf(vm, image.jailPath), store));
      let backing: FileHandle | undefined;
      if (image.backing) {
        const lower = disks.fdOf('backing-lock', image.unit) ?? nameOf(vm, image.backing.jailPath);
        backing = keep(await reopen(image.backing, lower, store));
        if (!lock(backing.fd, 'shared'))
          throw new UmlmonError('IMAGE_IN_USE', {
            place: image.backing.hostPath,
            cause: 'another process writes to this backing file',
            hint: `fuser -v ${shellWord(image.backing.hostPath)}`,
          });
      }
      const { uid, gid, mode } = await from.stat();
      const file = `ubd${image.unit}${image.jailPath.endsWith('.cow') ? '.cow' : '.dsk'}`;
      const target = keep(await open(draft.pathTo(file), 'wx+', 0o600));
      const beside = await openBeside(nameOf(vm, image.jailPath), store);
      return new ImageCopy({
        image,
        owner: { uid, gid, mode: mode & 0o7777 },
        file,
        from,
        backing,
        target,
        beside,
      });
    } catch (error) {
      for (const handle of opened) await handle.close();
      throw error;
    }
  }

  private constructor({ image, owner, file, from, backing, target, beside }: CopyParts) {
    this.image = image;
    this.owner = owner;
    this.file = file;
    this.backing = backing;
    this.target = target;
    this.#from = from;
    this.#beside = beside;
  }

  /** Writes to the disk of the host what the guest has written up to now. */
  async sync(): Promise<void> {
    await this.#from.sync();
  }

  /** The copy while the guest is paused: immediate where blocks can be shared. */
  async take(signal: AbortSignal): Promise<void> {
    if (await cloneFile(this.#from.fd, this.target.fd)) this.shared = true;
    else if (this.#beside && (await cloneFile(this.#from.fd, this.#beside.fd))) this.#isBeside = true;
    else await copyNow(this.#from, this.target, signal);
  }

  /** The rest of the work after the pause. Resolves when the copy has reached the disk. */
  async settle(signal: AbortSignal): Promise<void> {
    if (this.#beside && this.#isBeside) await copyNow(this.#beside, this.target, signal);
    await this.target.sync();
  }

  async close(): Promise<void> {
    for (const handle of [this.#from, this.backing, this.#beside, this.target]) await handle?.close();
  }
}

function nameOf(vm: string, path: string): ImageName {
  const name = nameFor(vm, path);
  if (!name) throw new Error(`${path} is not a path of an image`);
  return name;
}

/**
 * Opens an image again by its held descriptor, or by its name while this monitor does not hold its lock yet, as after
 * a takeover. In both cases it is the image with which the VM was started.
 */
async function reopen(
  { id, hostPath }: Pick<ImagePlan, 'id' | 'hostPath'>,
  held: number | ImageName,
  store: ImageStore,
): Promise<FileHandle> {
  const own = typeof held === 'number' ? undefined : openImage(held, store, 'ro').fd;
  try {
    const handle = await open(`/proc/self/fd/${own ?? held}`, 'r');
    const { dev, ino } = await handle.stat({ bigint: true });
    if (`${dev}:${ino}` === id) return handle;
    await handle.close();
    throw new UmlmonError('IMAGE_SWAPPED', {
      place: hostPath,
      cause: 'it is not the image that the VM was started with',
      hint: 'restore that image at its path, or restart the VM',
    });
  } finally {
    if (own !== undefined) closeSync(own);
  }
}

/** Undefined if the directory of the image can no longer be opened: blocks are copied then. */
async function openBeside(name: ImageName, store: ImageStore): Promise<FileHandle | undefined> {
  try {
    const place = openPlace(name, store);
    return await openScratch(place).finally(() => place.directory.close());
  } catch (error) {
    if (error instanceof UmlmonError || isSystemError(error)) return undefined;
    throw error;
  }
}

/** A COW file has grown since it was opened. */
async function copyNow(from: FileHandle, to: FileHandle, signal: AbortSignal): Promise<void> {
  const { size } = await from.stat();
  await copyContent({ handle: from, size }, to, { signal });
}

/** What a capture needs of its VM. */
export interface CaptureOwner {
  /** By `pauseRecord` the next monitor knows that it must resume the guest. */
  readonly layout: Pick<VmLayout, 'pauseRecord'>;
  readonly channels: Channels;
  readonly warnings: Pick<Warnings, 'report'>;
}

interface Capture {
  readonly kernel: RunningKernel;
  /** The channel on which the guest freezes its file systems; '' for none. */
  readonly freezeChannel: string;
  /** Aborted when the VM is killed. */
  readonly signal: AbortSignal;
}

export interface Captured {
  /** Whether the guest reported that it had frozen its file systems. */
  readonly frozen: boolean;
  /** Whether it had written its cached data. */
  readonly synced: boolean;
  /** Milliseconds since 1970. */
  readonly takenAt: number;
  /** Milliseconds from the request to freeze, or without one from the pause, until the guest runs again. */
  readonly pauseMs: number;
}

/**
 * Has the guest write its cached data and freeze its file systems if it can, and pauses it while all images
 * are copied. Afterwards the guest runs again in every case. Errors: BACKUP_INTERRUPTED, those of the copy.
 */
export async function captureImages(
  copies: readonly ImageCopy[],
  owner: CaptureOwner,
  capture: Capture,
): Promise<Captured> {
  const { layout, channels } = owner;
  const { kernel, signal, freezeChannel } = capture;
  const synced = await syncGuest(kernel, channels.get('con0'), signal);
  if (!kernel.process) throw cutOff('the kernel has ended');
  const pause = await KernelPause.prepare(kernel.process);
  try {
    await syncUntilQuick(copies, signal);
    replaceFile(layout.pauseRecord, '{}', 0o600, false);
    if (freezeChannel === '') return { frozen: false, synced, ...(await takeStill(pause, copies, capture)) };
    const freezer = new GuestFreezer(channels.get(freezeChannel), signal);
    return { synced, ...(await takeFrozen(freezer, { pause, copies, capture, owner })) };
  } finally {
    pause.end();
    rmSync(layout.pauseRecord, { force: true });
  }
}

type Taken = Pick<Captured, 'takenAt' | 'pauseMs'>;

interface Freezing {
  readonly pause: KernelPause;
  readonly copies: readonly ImageCopy[];
  readonly capture: Capture;
  readonly owner: CaptureOwner;
}

/** Has the guest freeze its file systems around the pause, if it does so in time. */
async function takeFrozen(
  freezer: GuestFreezer,
  { pause, copies, capture, owner }: Freezing,
): Promise<Taken & Pick<Captured, 'frozen'>> {
  const began = performance.now();
  let frozen = false;
  let taken: Taken;
  try {
    frozen = await freezer.freeze();
    if (!frozen) await thawGuest(freezer, false, capture, owner);
    taken = await takeStill(pause, copies, capture);
  } finally {
    if (frozen) await thawGuest(freezer, true, capture, owner);
  }
  // A silent program may have frozen the file systems all the same, since the request to do so.
  return { frozen, ...taken, pauseMs: performance.now() - began };
}

/** Copies while the guest is paused. */
async function takeStill(
  pause: KernelPause,
  copies: readonly ImageCopy[],
  { kernel, signal }: Capture,
): Promise<Taken> {
  signal.throwIfAborted();
  kernel.paused = true;
  try {
    const takenAt = Date.now();
    await pause.begin();
    for (const copy of copies) await copy.take(signal);
    signal.throwIfAborted();
    if (!pause.holds) throw cutOff('the kernel was resumed before its images were copied');
    return { takenAt, pauseMs: pause.end() };
  } finally {
    pause.end();
    kernel.paused = false;
  }
}

/**
 * Syncs the images to the disk of the host. Sharing blocks needs that, and the guest shall not wait
 * for it. Again if it has taken long, as the guest has written more meanwhile.
 */
async function syncUntilQuick(copies: readonly ImageCopy[], signal: AbortSignal): Promise<void> {
  for (let round = 0; round < monitorLimits.backupSyncs; round++) {
    signal.throwIfAborted();
    const began = performance.now();
    for (const copy of copies) await copy.sync();
    if (performance.now() - began < monitorLimits.backupSyncQuick) return;
  }
}

/** Requests the guest to thaw its file systems; without its answer, its kernel does it. */
async function thawGuest(
  freezer: GuestFreezer,
  wasFrozen: boolean,
  { kernel, signal }: Capture,
  { warnings }: CaptureOwner,
): Promise<void> {
  const thawed = freezer.thaw();
  // One that has not frozen them in time may do so yet, and then finds this.
  if (wasFrozen && (await thawed)) return;
  if (signal.aborted) return;
  try {
    await kernel.request('sysrq j');
  } catch (error) {
    warnings.report(error);
  }
}

function cutOff(cause: string): UmlmonError {
  return new UmlmonError('BACKUP_INTERRUPTED', {
    place: 'images',
    cause,
    hint: 'the unfinished backup is removed',
  });
}
