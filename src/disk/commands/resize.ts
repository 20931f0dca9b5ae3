import { UmlmonError } from '../../system/errors/errors.ts';
import { seekData } from '../../system/native/native.ts';
import { requireSound, runTool, toolImage, toolMessage } from '../content/filesystem-tool.ts';
import { type HandedImage, handOver } from '../content/hand-over.ts';
import { recogniseImage } from '../content/recognise.ts';
import { copyContent } from '../io/copy-content.ts';
import { type DiskProgress, type ImageFile, imageReader, withImage } from '../names/image-file.ts';
import { type ImageName, nameText } from '../names/image-name.ts';
import { writeNewImage } from '../names/new-image.ts';
import type { NewPlace } from '../names/new-place.ts';
import type { DiskCommand, DiskResult, Work } from './command-types.ts';

/**
 * Changes the size of an image. Without its file system that is one system call, which succeeds or fails as a whole.
 * With its file system, a copy is resized and then replaces the image. A killed resize2fs(8), or a full disk, would
 * leave a file system that is neither old nor new. The copy shares its blocks where the file system of the host can;
 * elsewhere it takes their space until the end.
 *
 * @throws UmlmonError IMAGE_SIZE if the end of the image is in use, IMAGE_KIND, IMAGE_DAMAGED
 */
export async function resizeImage(
  { image, size, filesystem = false }: DiskCommand & { verb: 'resize' },
  work: Work,
  progress: DiskProgress,
): Promise<DiskResult> {
  const before = await withImage(work.source(image), filesystem ? 'read' : 'write', async (file) => {
    if (filesystem) await resizeFilesystem(image, work.placeOf(image), file, size, progress);
    else {
      if (size < file.size) requireShrunk(image, file, size);
      await file.handle.truncate(size);
      await file.handle.sync();
    }
    return file.size;
  });
  progress.onProgress?.(size, size);
  const what = filesystem ? 'with its file system' : '';
  const summary = `resized ${nameText(image)} ${what && `${what} `}from ${before} to ${size} bytes`;
  return { summary, image: nameText(image), bytes: size };
}

function sizeError(image: ImageName, cause: string, hint: string): UmlmonError {
  return new UmlmonError('IMAGE_SIZE', { place: nameText(image), cause, hint });
}

/** Only holes, and parts beyond the size that the content states, can be removed. */
function requireShrunk(image: ImageName, { handle, size: present }: ImageFile, size: number): void {
  const content = recogniseImage(imageReader(handle.fd), present);
  if (content === undefined) {
    if (seekData(handle.fd, 0) === null) return;
    throw sizeError(
      image,
      'the content of the image is unknown, and so is the size it needs',
      'give a larger size',
    );
  }
  if (content.holds === 'partitions') {
    const end = Math.max(0, ...content.partitions.map((partition) => partition.start + partition.size));
    if (content.kind === 'mbr' && end <= size) return;
    const cause =
      content.kind === 'gpt'
        ? 'its partition table has a backup at the end of the image'
        : `its partitions end at byte ${end}`;
    throw sizeError(image, cause, 'shrink the partitions first');
  }
  // A file system that was grown while mounted may record its size only in the journal.
  if (content.state !== undefined && content.state !== 'clean')
    throw sizeError(
      image,
      `its ${content.kind} file system is ${content.state}: its size is unknown`,
      'mount and unmount it once in a guest',
    );
  if (content.size > size)
    throw sizeError(
      image,
      `its ${content.kind} file system has ${content.size} bytes`,
      content.kind.startsWith('ext') ? 'resize it together with the image' : 'shrink it in its guest first',
    );
}

async function resizeFilesystem(
  image: ImageName,
  place: NewPlace,
  file: ImageFile,
  size: number,
  progress: DiskProgress,
): Promise<void> {
  const content = recogniseImage(imageReader(file.handle.fd), file.size);
  if (content?.holds !== 'filesystem' || !content.kind.startsWith('ext'))
    throw new UmlmonError('IMAGE_KIND', {
      place: nameText(image),
      cause: 'only ext2, ext3 and ext4 without partitions can be resized together with the image',
      hint: 'resize only the image, then resize its content in a guest',
    });
  await writeNewImage(place, file, 'replace', async (handle) => {
    await copyContent(file, handle, progress);
    if (size > file.size) await handle.truncate(size);
    const handed = await handOver(handle, Math.max(size, file.size));
    await resizeInside(image, handed, content.blockSize, size, progress.signal);
    await handle.truncate(size);
  });
}

async function resizeInside(
  image: ImageName,
  copy: HandedImage,
  blockSize: number,
  size: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const run = (name: 'e2fsck' | 'resize2fs', ...args: string[]) => runTool(name, args, copy, { signal });
  const check = await run('e2fsck', '-f', '-p', toolImage);
  // 1: it has corrected something, the journal for example.
  if (check.status > 1)
    throw new UmlmonError('IMAGE_DAMAGED', {
      place: nameText(image),
      cause: toolMessage('e2fsck', check),
      hint: 'repair it in a guest with e2fsck -f',
    });
  const resize = await run('resize2fs', toolImage, `${size / 512}s`);
  if (resize.status !== 0) {
    const blocks = /minimum \((\d+)\)/.exec(resize.words)?.[1];
    const hint = blocks === undefined ? '' : `give at least ${Number(blocks) * blockSize} bytes`;
    throw sizeError(image, toolMessage('resize2fs', resize), hint);
  }
  await requireSound(image, copy, signal);
}
