import { UmlmonError } from '../../system/errors/errors.ts';
import type { Filesystem } from '../content/filesystem.ts';
import { runTool, toolImage, toolLines } from '../content/filesystem-tool.ts';
import { type HandedImage, handOver, withReadable } from '../content/hand-over.ts';
import { recogniseImage } from '../content/recognise.ts';
import { withPair } from '../cow/merge.ts';
import { type DiskProgress, imageReader, withImage } from '../names/image-file.ts';
import { type ImageName, nameText } from '../names/image-name.ts';
import { withScratchFile } from '../names/new-image.ts';
import type { DiskResult, Work } from './command-types.ts';
import { backingOf } from './copy.ts';

/**
 * Checks the ext2, ext3 or ext4 file systems of an image for damage, without changing it. A COW image is merged with its
 * backing file into a file without a name. That file shares blocks where the file system can, and otherwise takes space
 * until the check ends. A file that only root can read is copied in the same way.
 *
 * @throws UmlmonError IMAGE_DAMAGED with the output of e2fsck, IMAGE_KIND if the image has no such file system
 */
export function checkImage(image: ImageName, work: Work, progress: DiskProgress): Promise<DiskResult> {
  const source = work.source(image);
  if (!image.path.endsWith('.cow'))
    return withImage(source, 'read', (file) =>
      withReadable(file, work.placeOf(image), progress, (handed) => checkContent(image, handed, progress)),
    );
  return withPair({ path: source, backing: work.source(backingOf(work, image)) }, (_, merge) =>
    withScratchFile(work.placeOf(image), async (handle) => {
      await merge(handle, progress);
      const { size } = await handle.stat();
      return checkContent(image, await handOver(handle, size), progress);
    }),
  );
}

async function checkContent(
  image: ImageName,
  file: HandedImage,
  progress: DiskProgress,
): Promise<DiskResult> {
  const reports: string[] = [];
  for (const { start, number, state } of extIn(file, image)) {
    const lines = await checkOne(image, number, file, start, progress);
    const journal =
      state === 'not clean' ? ['the journal is not replayed yet: the next mount replays it'] : [];
    reports.push(...journal, ...lines);
  }
  progress.onProgress?.(file.size, file.size);
  const summary = `${nameText(image)} is not damaged`;
  return { summary, image: nameText(image), bytes: file.size, report: reports.join('\n') };
}

interface Found extends Pick<Filesystem, 'state'> {
  /** Of the partition; 0 for the whole image. */
  readonly number: number;
  readonly start: number;
}

function extIn({ handle, size }: HandedImage, image: ImageName): Found[] {
  const content = recogniseImage(imageReader(handle.fd), size);
  const isExt = (found: Filesystem | undefined) => found?.kind.startsWith('ext') ?? false;
  if (content?.holds === 'filesystem' && isExt(content)) return [{ ...content, number: 0, start: 0 }];
  const partitions = content?.holds === 'partitions' ? content.partitions : [];
  const found = partitions.flatMap(({ number, start, content: inner }) =>
    inner && isExt(inner) ? [{ ...inner, number, start }] : [],
  );
  if (found.length > 0) return found;
  const what = content?.holds === 'filesystem' ? `a ${content.kind} file system` : 'no known file system';
  throw new UmlmonError('IMAGE_KIND', {
    place: nameText(image),
    cause: `the image holds ${what}; only ext2, ext3 and ext4 can be checked`,
    hint: 'check it in its guest',
  });
}

/** Bit of the exit status of e2fsck: errors were found, and left (e2fsck(8), EXIT CODE). */
const errorsLeft = 4;

/** e2fsck of one file system. Returns the lines of its output. */
async function checkOne(
  image: ImageName,
  partition: number,
  file: HandedImage,
  start: number,
  { signal }: DiskProgress,
): Promise<string[]> {
  const path = start === 0 ? toolImage : `${toolImage}?offset=${start}`;
  const { status, words } = await runTool('e2fsck', ['-f', '-n', path], file, { signal });
  const lines = toolLines(words);
  if (status === 0) return lines;
  const where = partition === 0 ? '' : `partition ${partition}: `;
  const isDamaged = (status & errorsLeft) !== 0;
  throw new UmlmonError(isDamaged ? 'IMAGE_DAMAGED' : 'HOST_COMMAND', {
    place: nameText(image),
    cause: `${where}e2fsck exited with status ${status}: ${lines.join('\n')}`,
    hint: isDamaged ? 'take a snapshot, then repair it in a guest with e2fsck -f' : '',
  });
}
