/** Pure. */
import type { ImageStore } from '../disk/names/image-name.ts';
import type { VmLayout } from '../jail/layout.ts';

/** Where the images of all VMs of this host are. Pure. */
export function imageStoreOf({ varDir, shared, imageHolders }: VmLayout): ImageStore {
  return { varDir, shared, holders: imageHolders };
}
