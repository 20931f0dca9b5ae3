import type { FileHandle } from 'node:fs/promises';
import { UmlmonError } from '../../system/errors/errors.ts';
import { recogniseImage } from '../content/recognise.ts';
import { type ImageFile, type ImageSource, imageReader, withImage, writeFully } from '../names/image-file.ts';
import { writeNewImage } from '../names/new-image.ts';
import type { NewPlace, Owner } from '../names/new-place.ts';
import { type CowHeader, encodeCowHeader, layOutCow } from './format.ts';
import { cowHazard } from './hazard.ts';
import { MERGING_MTIME } from './match.ts';

export interface CowRequest {
  /** The COW file to make. */
  readonly place: NewPlace;
  /** The backing file for us. */
  readonly backing: ImageSource;
  /** Path of the backing file for the kernel, in its jail; not in the root directory of it (facts of ubd_kern.c). */
  readonly storedBacking: string;
  readonly owner: Owner;
}

/**
 * Makes a COW file, empty and sparse, over a backing file: the bytes that the kernel would write.
 *
 * @throws UmlmonError IMAGE_EXISTS, IMAGE_MISSING, IMAGE_KIND, COW_HAZARD, COW_BACKING
 */
export async function createCow({ place, backing, storedBacking, owner }: CowRequest): Promise<void> {
  await withImage(backing, 'read', async (image) => {
    const hazard = imageHazard(image);
    if (hazard !== undefined)
      throw new UmlmonError('COW_HAZARD', {
        place: image.path,
        cause: hazard,
        hint: 'copy the image instead, or create its file system with blocks of 4096 bytes',
      });
    const header = { backing: storedBacking, size: image.size, mtime: image.mtime };
    await writeNewImage(place, owner, 'refuse', (handle) => writeEmptyCow(handle, header));
  });
}

/** Writes the header and makes room for bitmap and data, all of it a hole. */
export async function writeEmptyCow(handle: FileHandle, header: CowHeader): Promise<void> {
  if (header.mtime === MERGING_MTIME) {
    const cause = 'its modification time has a special meaning in COW files';
    throw new UmlmonError('COW_BACKING', {
      place: header.backing,
      cause,
      hint: 'set another modification time: touch FILE',
    });
  }
  await writeFully(handle, encodeCowHeader(header), 0);
  await handle.truncate(layOutCow(header.size).dataOffset + header.size);
}

/** Why a COW file over this image would be corrupted; undefined if it is safe. */
function imageHazard({ handle, size }: ImageFile): string | undefined {
  return cowHazard(recogniseImage(imageReader(handle.fd), size), size);
}
