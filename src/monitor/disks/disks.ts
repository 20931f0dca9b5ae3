import { setTimeout as delay } from 'node:timers/promises';
import { requireAllowed } from '../../disk/commands/allow.ts';
import type { Claim } from '../../disk/commands/command-types.ts';
import { refuseOpen } from '../../disk/commands/may-use.ts';
import { needsEveryone } from '../../disk/commands/refuse-unknown.ts';
import { PeriodicSync } from '../../disk/io/periodic-sync.ts';
import { syncImage } from '../../disk/io/sync-image.ts';
import { type ImageLock, ImageLocks, type LockRequest } from '../../disk/locks/image-lock.ts';
import { lockedGraph } from '../../disk/locks/locked-graph.ts';
import { type ImageName, nameFor } from '../../disk/names/image-name.ts';
import { openNode } from '../../disk/names/open-image.ts';
import { scanFor } from '../../disk/store/scan.ts';
import type { ImagePlan, LaunchPlan, StepOf } from '../../plan/plan.ts';
import { toFailure, UmlmonError } from '../../system/errors/errors.ts';
import { diskLimits } from '../../system/limits/limits.ts';

/** A disk that a kernel has. */
export interface Disk {
  readonly image: ImagePlan;
  /** Came at run time: the kernel has not inherited its lock. */
  readonly plugged: boolean;
}

interface HeldDisk extends Disk {
  /** Of the image, then of its backing file if it has one. */
  readonly locks: readonly ImageLock[];
}

export interface DisksHost {
  readonly vm: string;
  readonly user: LaunchPlan['user'];
  readonly step: StepOf<'lock-images'>;
  /** Called for every failed sync of the periodic ones. */
  readonly warning: (error: unknown) => void;
}

/** The images of a running kernel: locked, listed and synced, also those that are plugged and unplugged. */
export class Disks {
  readonly #host: DisksHost;
  readonly #locks: ImageLocks;
  readonly #sync: PeriodicSync;
  readonly #held: HeldDisk[] = [];
  /** Work on single disks: one piece at a time. */
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(host: DisksHost, locks: ImageLocks) {
    this.#host = host;
    this.#locks = locks;
    this.#sync = new PeriodicSync(host.step.syncMs, host.warning);
  }

  /**
   * Locks the images of a plan and the backing files of its COW images, all or none.
   *
   * @throws those of `add`
   */
  static async lock(host: DisksHost): Promise<Disks> {
    const { images, store } = host.step;
    const disks = new Disks(host, await ImageLocks.take(store, host.vm, []));
    try {
      await disks.#add(images, false);
      return disks;
    } catch (error) {
      disks.#locks.close();
      throw error;
    }
  }

  /**
   * The disks of a kernel that a previous monitor has left.
   *
   * @param holder descriptor of the holder file
   * @param descriptorOf fetches the lock of an image, or of its backing file, from the kernel
   */
  static adopt(
    host: DisksHost,
    disks: readonly Disk[],
    holder: number,
    descriptorOf: (is: 'image-lock' | 'backing-lock', unit: number) => number | undefined,
  ): Disks {
    const held = disks.map(({ image, plugged }): HeldDisk => {
      const locks = requestsOf(host.vm, image).map((request, i): ImageLock => {
        const fd = plugged ? undefined : descriptorOf(i === 0 ? 'image-lock' : 'backing-lock', image.unit);
        return { ...request, fd };
      });
      return { image, plugged, locks };
    });
    const locks = held.flatMap((disk) => disk.locks);
    const adopted = new Disks(host, ImageLocks.adopt(host.step.store, host.vm, holder, locks));
    adopted.#held.push(...held);
    for (const disk of held) adopted.#beginSync(disk);
    return adopted;
  }

  /** Descriptor by which others see who holds the images. */
  get holder(): number {
    return this.#locks.holder;
  }

  get all(): readonly Disk[] {
    return this.#held;
  }

  /** Whether nothing has come or gone since the start, which had these images. */
  areThose({ length }: readonly ImagePlan[]): boolean {
    return this.#held.length === length && this.#held.every(({ plugged }) => !plugged);
  }

  at(unit: number): Disk | undefined {
    return this.#held.find(({ image }) => image.unit === unit);
  }

  /** Our descriptor of a file of a disk. */
  fdOf(is: 'image-lock' | 'backing-lock', unit: number): number | undefined {
    return this.#find(unit)?.locks[is === 'image-lock' ? 0 : 1]?.fd;
  }

  /** Does one thing with single disks after the other. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(() => {
      if (!this.#closed) return work();
      throw new UmlmonError('STATE_WRONG', { place: this.#host.vm, cause: 'its kernel has ended' });
    });
    // The caller gets the failure; the next piece of work runs anyway.
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /**
   * Locks and lists an image for a running kernel.
   *
   * @throws UmlmonError IMAGE_IN_USE and the other refusals of refuseOpen, IMAGE_SWAPPED, IMAGE_ACCESS
   */
  async add(image: ImagePlan): Promise<void> {
    await this.#add([image], true);
  }

  /** The kernel does not have a disk any more: syncs and frees its image. Errors: those of syncImage; it is free then. */
  async remove(unit: number): Promise<void> {
    const disk = this.#find(unit);
    if (!disk) return;
    this.#held.splice(this.#held.indexOf(disk), 1);
    try {
      await this.#syncLast(disk);
    } finally {
      this.#locks.release(disk.locks);
    }
  }

  /**
   * Locks plugged disks again, whose locks ended with the previous monitor. Another VM
   * that reads the list of images may hold a lock for a moment.
   */
  async relock(): Promise<void> {
    const deadline = performance.now() + diskLimits.relockTime;
    for (const lock of this.#held.flatMap(({ locks }) => locks))
      while (lock.fd === undefined)
        try {
          await this.#locks.relock(lock);
        } catch (error) {
          if (toFailure(error).code === 'IMAGE_IN_USE' && performance.now() < deadline) {
            await delay(diskLimits.relockPause);
            continue;
          }
          this.#host.warning(error);
          break;
        }
    for (const disk of this.#held) if (disk.plugged) this.#beginSync(disk);
  }

  /** The kernel is gone: what it has written goes to the disk of the host, and the images are free. Tries all of it. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#turn;
    const failures: unknown[] = [];
    for (const disk of this.#held.splice(0))
      await this.#syncLast(disk).catch((error: unknown) => failures.push(error));
    this.#locks.close();
    if (failures.length > 0) throw failures[0];
  }

  /** The kernel stays, and keeps what it has. */
  async leave(): Promise<void> {
    await this.#sync.close();
    this.#locks.leave();
  }

  #find(unit: number): HeldDisk | undefined {
    return this.#held.find(({ image }) => image.unit === unit);
  }

  async #add(images: readonly ImagePlan[], plugged: boolean): Promise<void> {
    const { vm } = this.#host;
    const locks = await this.#locks.add(images.flatMap((image) => requestsOf(vm, image)));
    const rest = [...locks];
    const added = images.map((image) => ({
      image,
      plugged,
      locks: rest.splice(0, image.backing ? 2 : 1),
    }));
    try {
      await checkAgain(this.#host, images, locks);
    } catch (error) {
      this.#locks.release(locks);
      throw error;
    }
    this.#held.push(...added);
    for (const disk of added) this.#beginSync(disk);
  }

  #beginSync({ image, locks: [lock] }: HeldDisk): void {
    if (image.readOnly || lock?.fd === undefined) return;
    const { hostPath } = image;
    const { store } = this.#host.step;
    const node = hostPath.endsWith('.dev') ? { openNode: () => openNode(lock.image, store) } : {};
    this.#sync.add({ fd: lock.fd, hostPath, ...node });
  }

  /** Syncs before the end is published: a guest's flush does not reach the host's disk (ubd never calls fsync). */
  async #syncLast({ image, locks: [lock] }: HeldDisk): Promise<void> {
    if (image.readOnly || lock?.fd === undefined) return;
    await this.#sync.remove(lock.fd);
    await syncImage(lock.fd, image.hostPath);
  }
}

/**
 * Repeats all checks of the plan on the locked images. Since the plan was made, a COW image may have been made over an
 * image, or a header may name another backing file. A kernel without a monitor may hold an image. The kernel inherits
 * the descriptors, which root may have opened: they give its user no additional access.
 */
async function checkAgain(
  { vm, user, step: { store } }: DisksHost,
  images: readonly ImagePlan[],
  locks: readonly ImageLock[],
): Promise<void> {
  if (images.length === 0) return;
  const claims = images.flatMap((image) => claimsOf(vm, image));
  const graph = await scanFor(store, [vm], async (scan) => {
    const locked = await lockedGraph(scan, locks);
    for (const { unit, jailPath, readOnly, backing } of images) {
      const refusal = refuseOpen(locked, {
        by: vm,
        image: nameOf(vm, jailPath),
        mode: readOnly ? 'ro' : 'rw',
        ...(backing ? { backing: backing.jailPath } : {}),
      });
      if (refusal === needsEveryone) return refusal;
      if (refusal) throw new UmlmonError(refusal.code, { place: `ubd${unit}`, ...refusal });
    }
    return locked;
  });
  if ('cause' in graph) throw new UmlmonError(graph.code, { place: vm, ...graph });
  requireAllowed({ kind: 'kernel', vm, user }, graph, claims, vm);
}

function claimsOf(vm: string, { jailPath, readOnly, backing }: ImagePlan): Claim[] {
  const image = nameOf(vm, jailPath);
  return [
    readOnly ? { image, mode: 'ro', use: 'read' } : { image, mode: 'rw', use: 'write' },
    ...(backing
      ? [{ image: nameOf(vm, backing.jailPath), mode: 'ro', use: 'read', via: image } as const]
      : []),
  ];
}

function requestsOf(vm: string, { jailPath, id, readOnly, backing }: ImagePlan): LockRequest[] {
  return [
    { image: nameOf(vm, jailPath), id, mode: readOnly ? 'ro' : 'rw' },
    ...(backing ? [{ image: nameOf(vm, backing.jailPath), id: backing.id, mode: 'ro' as const }] : []),
  ];
}

function nameOf(vm: string, path: string): ImageName {
  const name = nameFor(vm, path);
  if (!name) throw new Error(`${path} is not a path of an image`);
  return name;
}
