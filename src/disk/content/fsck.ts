/** Whether the file system in a copy of an image is sound, as e2fsck(8) sees it. */
import type { FileHandle } from 'node:fs/promises';
import { toFailure } from '../../system/errors/errors.ts';
import type { HeldDirectory } from '../../system/files/held-directory.ts';
import { printable } from '../../system/text.ts';
import type { Soundness } from '../backup/manifest.ts';
import { copyContent } from '../io/copy-content.ts';
import { readFully } from '../names/image-file.ts';
import { openScratch } from '../names/new-image.ts';
import type { Filesystem } from './filesystem.ts';
import { runTool, toolImage } from './filesystem-tool.ts';
import { type HandedImage, handOver } from './hand-over.ts';
import { recogniseImage } from './recognise.ts';

export interface FsckRequest {
  /** The content of a disk: a flat image, or a COW image merged with its backing file. */
  readonly image: FileHandle;
  /** Where there is room for a copy without a name, to replay a journal in. */
  readonly directory: HeldDirectory;
  readonly signal?: AbortSignal;
}

/** Checks without changing the image: a journal is replayed in a copy, which shares its blocks where that is possible. */
export async function checkSoundness(request: FsckRequest): Promise<Soundness> {
  const content = await recognise(request.image);
  if (typeof content === 'string') return { found: 'not-checked', words: content };
  const scratch = await openScratch({ directory: request.directory, name: 'check' });
  try {
    const { size } = await request.image.stat();
    await copyContent({ handle: request.image, size }, scratch, request);
    const handed = await handOver(scratch, size);
    const needsReplay = content.state === 'not clean';
    if (needsReplay) await runCheck(['-E', 'journal_only', '-y'], handed, request);
    const { status, words } = await runCheck(['-fn'], handed, request);
    if (status === 0) return { found: needsReplay ? 'clean-after-replay' : 'clean' };
    if (status === undefined) return { found: 'not-checked', words, unable: true };
    return { found: 'errors', words: `e2fsck exited with status ${status}: ${words}` };
  } finally {
    await scratch.close();
  }
}

/** An ext file system, or why nothing is checked. */
async function recognise(image: FileHandle): Promise<Filesystem | string> {
  const { size } = await image.stat();
  // The first sectors decide; those of partitions are not read.
  const head = Buffer.alloc(Math.min(size, 128 * 1024));
  await readFully(image, head, 0);
  const content = recogniseImage((offset, length) => head.subarray(offset, offset + length), size);
  if (!content) return 'no file system is recognised';
  if (content.holds === 'partitions') return `it has partitions (${content.kind})`;
  return content.kind.startsWith('ext')
    ? content
    : `only ext2, ext3 and ext4 are checked, not ${content.kind}`;
}

const wordsShown = 500;

/** Runs e2fsck on an open file. No status: it could not be run, or not to its end. */
async function runCheck(
  args: readonly string[],
  copy: HandedImage,
  { signal }: FsckRequest,
): Promise<{ status: number | undefined; words: string }> {
  try {
    const { status, words } = await runTool('e2fsck', [...args, toolImage], copy, { signal });
    return { status, words: printable(words.trim().slice(-wordsShown), wordsShown) };
  } catch (error) {
    if (signal?.aborted) throw error;
    return { status: undefined, words: toFailure(error).cause };
  }
}
