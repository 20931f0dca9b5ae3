import { diskLimits } from '../../system/limits/limits.ts';

/** Room for one window of an image, and for what comes over it. */
export interface Buffers {
  readonly image: Buffer;
  readonly over: Buffer;
}

export function makeBuffers(): Buffers {
  return {
    image: Buffer.allocUnsafe(diskLimits.windowBytes),
    over: Buffer.allocUnsafe(diskLimits.windowBytes),
  };
}
