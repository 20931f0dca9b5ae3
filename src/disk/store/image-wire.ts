/** Images in the form of the control protocol and of JSON output. Pure. */
import { clipText } from '../../rpc/clip-text.ts';
import {
  type ImageDetails,
  type ImageInfo,
  UMLMON_LIST_MAX,
  UMLMON_TEXT_MAX,
} from '../../rpc/umlmonctrl.gen.ts';
import { contentText } from '../commands/describe-command.ts';
import type { ImageName } from '../names/image-name.ts';
import type { ImageDescription } from './describe.ts';
import type { ListedImage } from './list.ts';

const clip = (text: string) => clipText(text, UMLMON_TEXT_MAX);

/** @param pathOf how the image is named there */
export function imageInfo(image: ListedImage, pathOf: (name: ImageName) => string): ImageInfo {
  const { name, kind, size, allocated, backing, holders, snapshots, problem } = image;
  return {
    path: pathOf(name),
    kind,
    size,
    allocated,
    backing: clip(backing),
    holders: holders.slice(0, UMLMON_LIST_MAX).map(({ holder, mode }) => ({ holder, writes: mode === 'rw' })),
    snapshots: snapshots.slice(-UMLMON_LIST_MAX),
    problem: clip(problem),
  };
}

export function imageDetails(image: ImageDescription, pathOf: (name: ImageName) => string): ImageDetails {
  const { content, hazard, cow } = image;
  return {
    image: imageInfo(image, pathOf),
    content: clip(contentText(content)),
    hazard: clip(hazard),
    cow: cow ? { format: cow.version, changed: cow.changed, merging: cow.merging } : null,
  };
}
