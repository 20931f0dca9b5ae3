import { UmlmonError } from '../../system/errors/errors.ts';
import { requireSound, runTool, toolImage, toolMessage } from '../content/filesystem-tool.ts';
import { handOver } from '../content/hand-over.ts';
import type { DiskProgress } from '../names/image-file.ts';
import { nameText } from '../names/image-name.ts';
import { writeNewImage } from '../names/new-image.ts';
import type { DiskCommand, DiskHost, DiskResult, Work } from './command-types.ts';

/**
 * A new file is one hole, so all of it is zeros. So mke2fs writes no zeros into the journal, which would take space.
 * The inode tables are marked as initialised, so that no guest zeroes them in the background.
 */
const ext4 = ['-q', '-F', '-t', 'ext4', '-b', '4096', '-E', 'lazy_itable_init=0,lazy_journal_init=1'];

/**
 * Makes a sparse image, if asked with ext4 in it. The blocks have 4096 bytes whatever the size: with smaller ones the
 * kernel reads wrong data through a COW file (hazard.ts).
 */
export async function createImage(
  { image, size, filesystem }: DiskCommand & { verb: 'create' },
  { owner }: DiskHost,
  { placeOfNew }: Work,
  { signal, onProgress }: DiskProgress,
): Promise<DiskResult> {
  await writeNewImage(placeOfNew(image), owner, 'refuse', async (handle) => {
    await handle.truncate(size);
    if (!filesystem) return;
    const target = await handOver(handle, size);
    const made = await runTool('mke2fs', [...ext4, toolImage], target, { signal });
    if (made.status !== 0)
      throw new UmlmonError('HOST_COMMAND', { place: nameText(image), cause: toolMessage('mke2fs', made) });
    await requireSound(image, target, signal);
  });
  onProgress?.(size, size);
  const content = filesystem ? `, with ${filesystem}` : '';
  return {
    summary: `created ${nameText(image)}: ${size} bytes${content}`,
    image: nameText(image),
    bytes: size,
  };
}
