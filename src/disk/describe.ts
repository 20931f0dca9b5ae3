import type { ImageContent } from './filesystem.ts';
import type { Progress } from './image-file.ts';
import type { ImageName, ImageStore } from './image-name.ts';
import type { ListedImage } from './list.ts';

export interface ImageDescription extends ListedImage {
  /** What the image holds, through its backing file if it has one; undefined for nothing that is known here. */
  readonly content?: ImageContent;
  /** Why a COW image over it, or itself if it is one, would be read wrongly by the kernel; '' if nothing is known. */
  readonly hazard: string;
  /** Of a COW image. */
  readonly cow?: {
    readonly version: 1 | 2 | 3;
    /** Bytes that the guest has changed: they are in the COW file. */
    readonly changed: number;
    /** A merge into the backing file was interrupted: do it again. */
    readonly merging: boolean;
  };
}

/** Everything about one image. Errors: IMAGE_MISSING, and those of reading it. */
export function describeImage(
  _store: ImageStore,
  _image: ImageName,
  _progress: Progress = {},
): Promise<ImageDescription> {
  return Promise.reject(new Error('not yet'));
}
