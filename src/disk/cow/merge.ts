import type { FileHandle } from 'node:fs/promises';
import { diskLimits } from '../../system/limits/limits.ts';
import { takeTurns } from '../io/concurrency.ts';
import { copyRange } from '../io/copy-range.ts';
import { type Buffers, makeBuffers } from '../io/window-buffers.ts';
import { writeSparse } from '../io/write-sparse.ts';
import {
  type DiskProgress,
  type ImageFile,
  type ImageSource,
  readFully,
  withImage,
} from '../names/image-file.ts';
import { writeNewImage } from '../names/new-image.ts';
import type { NewPlace, Owner } from '../names/new-place.ts';
import { runsOf } from './bitmap.ts';
import { type BitmapPart, cowOf, readBitmap, readSectors, requireBacking, requireData } from './file.ts';
import { type Cow, SECTOR } from './format.ts';
import { type Segment, segmentsOf } from './segments.ts';

const window = diskLimits.windowBytes / SECTOR;
const most = diskLimits.copyBytes / diskLimits.windowBytes;

export interface MergeRequest {
  /** The COW file. */
  readonly path: ImageSource;
  /** Its backing file for us. */
  readonly backing: ImageSource;
  /** The image to make. */
  readonly target: NewPlace;
  /** Of the new image; those of the COW file if left out. */
  readonly owner?: Owner;
}

/**
 * Creates a sparse image from a COW file and its backing file, as `uml_moo COW NEW` does. The caller holds the locks of
 * both, so no process writes to them. The image has the size of the backing file. If that size is odd and the guest has
 * written to the truncated last sector, the image includes that whole sector (uml_moo leaves it out).
 *
 * @throws UmlmonError IMAGE_EXISTS, IMAGE_MISSING, IMAGE_KIND, COW_FORMAT, COW_BACKING
 */
export function mergeCow(request: MergeRequest, progress: DiskProgress = {}): Promise<void> {
  return withPair(request, async (file, merge) => {
    await writeNewImage(request.target, request.owner ?? file, 'refuse', (handle) => merge(handle, progress));
  });
}

/**
 * Opens a COW file and its backing file for a merge into a file that `use` has made.
 *
 * @throws UmlmonError IMAGE_MISSING, IMAGE_KIND, COW_FORMAT, COW_BACKING
 */
export function withPair<Result>(
  request: Pick<MergeRequest, 'path' | 'backing'>,
  use: (
    file: ImageFile,
    merge: (into: FileHandle, progress: DiskProgress) => Promise<void>,
  ) => Promise<Result>,
): Promise<Result> {
  return withImage(request.path, 'read', (file) =>
    withImage(request.backing, 'read', async (backing) => {
      const cow = cowOf(file);
      requireBacking(file, cow, backing);
      return use(file, (into, progress) => new Merge(file, cow, backing, into).run(progress));
    }),
  );
}

/** One merge into a new file. */
class Merge {
  readonly #file: ImageFile;
  readonly #cow: Cow;
  readonly #backing: ImageFile;
  readonly #target: FileHandle;

  constructor(file: ImageFile, cow: Cow, backing: ImageFile, target: FileHandle) {
    this.#file = file;
    this.#cow = cow;
    this.#backing = backing;
    this.#target = target;
  }

  async run({ signal, onProgress }: DiskProgress): Promise<void> {
    const { size } = this.#cow;
    let end = size;
    let done = 0;
    for await (const part of readBitmap(this.#file, this.#cow))
      await takeTurns(segmentsOf(part, window, most), diskLimits.windows, () => {
        const buffers = makeBuffers();
        return async (segment) => {
          signal?.throwIfAborted();
          const last = await (segment.source === 'mixed'
            ? this.#mix(part, segment, buffers)
            : this.#copy(segment, signal));
          end = Math.max(end, last);
          done += (segment.end - segment.start) * SECTOR;
          onProgress?.(Math.min(done, size), size);
        };
      });
    await this.#target.truncate(end);
  }

  /** Copies from one file; returns the end of the last sector of the COW file. */
  async #copy({ source, start, end }: Segment, signal: AbortSignal | undefined): Promise<number> {
    const [from, to] = [start * SECTOR, end * SECTOR];
    const target = { handle: this.#target, offset: from };
    if (source === 'backing') {
      await copyRange({ handle: this.#backing.handle, offset: from }, target, to - from, signal);
      return 0;
    }
    requireData(this.#file, this.#cow, to);
    const offset = this.#cow.dataOffset + from;
    await copyRange({ handle: this.#file.handle, offset }, target, to - from, signal);
    return to;
  }

  /** Puts the sectors of the COW file over those of the backing file; returns the end of the last one. */
  async #mix({ words, first }: BitmapPart, { start, end }: Segment, buffers: Buffers): Promise<number> {
    const image = buffers.image.subarray(0, (end - start) * SECTOR);
    image.fill(0, await readFully(this.#backing.handle, image, start * SECTOR));
    const runs = [...runsOf(words, start - first, end - first)];
    const [from, to] = [(runs[0]?.start ?? 0) + first, (runs.at(-1)?.end ?? 0) + first];
    const over = buffers.over.subarray(0, (to - from) * SECTOR);
    await readSectors(this.#file, this.#cow, over, from);
    for (const run of runs) {
      const at = (run.start + first - from) * SECTOR;
      over.copy(image, (run.start + first - start) * SECTOR, at, at + (run.end - run.start) * SECTOR);
    }
    await writeSparse(this.#target, image, start * SECTOR);
    return to * SECTOR;
  }
}
