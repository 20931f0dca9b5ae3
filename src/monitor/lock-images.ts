import { ImageLocks, type LockRequest } from '../disk/image-lock.ts';
import { type ImageName, type ImageStore, nameFor } from '../disk/image-name.ts';
import { refuseOpen } from '../disk/may-use.ts';
import { scanImages } from '../disk/scan.ts';
import type { ImagePlan } from '../plan/plan.ts';
import { UmlmonError } from '../system/errors.ts';

/** The locks of a VM on the images of its plan. */
export interface PlannedLocks {
  /** Descriptor by which others see who holds the images. */
  readonly holder: number;
  /** Descriptor of a file of the plan. */
  fdOf(jailPath: string): number;
  /** Writes to the disk of the host what was written to the images. */
  sync(): void;
  close(): void;
}

/**
 * Locks the images of a plan and the backing files of its COW images. Then, as nobody can change them any more, all
 * that the plan was checked for is checked again: a COW image may have been made over one of them since.
 *
 * @throws UmlmonError IMAGE_IN_USE and the other refusals of refuseOpen, IMAGE_SWAPPED
 */
export function lockPlannedImages(vm: string, images: readonly ImagePlan[], store: ImageStore): PlannedLocks {
  const locks = ImageLocks.take(
    store,
    vm,
    images.flatMap((image) => requestsOf(vm, image)),
  );
  try {
    const { graph } = images.length > 0 ? scanImages(store) : { graph: undefined };
    for (const { unit, jailPath, readOnly, backing } of graph ? images : []) {
      const refusal =
        graph &&
        refuseOpen(graph, {
          by: vm,
          image: nameOf(vm, jailPath),
          mode: readOnly ? 'ro' : 'rw',
          ...(backing ? { backing: backing.jailPath } : {}),
        });
      if (refusal) throw new UmlmonError(refusal.code, { place: `ubd${unit}`, ...refusal });
    }
  } catch (error) {
    locks.close();
    throw error;
  }
  return {
    holder: locks.holder,
    fdOf: (jailPath) => {
      const fd = locks.fdOf(nameOf(vm, jailPath));
      if (fd === undefined) throw new Error(`no lock on ${jailPath}`);
      return fd;
    },
    sync: () => locks.sync(),
    close: () => locks.close(),
  };
}

function requestsOf(vm: string, { jailPath, id, readOnly, backing }: ImagePlan): LockRequest[] {
  return [
    { image: nameOf(vm, jailPath), id, mode: readOnly ? 'ro' : 'rw' },
    ...(backing ? [{ image: nameOf(vm, backing.jailPath), id: backing.id, mode: 'ro' as const }] : []),
  ];
}

function nameOf(vm: string, path: string): ImageName {
  const name = nameFor(vm, path);
  if (!name) throw new Error(`${path} is no path of an image`);
  return name;
}
