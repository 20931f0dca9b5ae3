import type { ImageContent } from '../content/recognise.ts';
import { nameText } from '../names/image-name.ts';
import type { DiskCommand } from './command-types.ts';

/** The images of a disk command, for users: `vm1:/disks/a.dsk to vm1:/disks/b.dsk`. */
export function subjectText(request: DiskCommand): string {
  const image = nameText(request.image);
  switch (request.verb) {
    case 'create':
    case 'delete':
    case 'resize':
    case 'check':
      return image;
    case 'copy':
    case 'convert':
      return `${image} to ${nameText(request.target)}`;
    case 'cow-create':
    case 'cow-rebase':
      return `${image} over ${nameText(request.backing)}`;
    case 'cow-merge':
      return `${image} into ${request.target ? nameText(request.target) : 'its backing file'}`;
    case 'snapshot':
    case 'rollback':
    case 'snapshot-delete':
      return `${image} ${request.name}`;
  }
}

/** The content of an image, for users: `ext4, blocks of 4096 bytes, clean`. */
export function contentText(content: ImageContent | undefined): string {
  if (!content) return '';
  if (content.holds === 'partitions') {
    const parts = content.partitions.map(({ number, content: inside }) => `${number} ${inside?.kind ?? '?'}`);
    return `${content.kind} partitions: ${parts.join(', ')}`;
  }
  const { kind, blockSize, label, state } = content;
  return [
    kind,
    `blocks of ${blockSize} bytes`,
    ...(label ? [`label ${label}`] : []),
    ...(state ? [state] : []),
  ].join(', ');
}
