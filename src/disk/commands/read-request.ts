import type { DiskRequest } from '../../rpc/umlmonctrl.gen.ts';
import type { ImageName } from '../names/image-name.ts';
import type { DiskCommand } from './command-types.ts';

/** How the paths of a request are read: each throws for an image that the caller may not use so. */
export interface RequestNames {
  /** Of an image that is only read. */
  readonly read: (path: string) => ImageName;
  /** Of an image that is made or changed. */
  readonly change: (path: string) => ImageName;
}

/** A request from the control socket or a command line, as a disk command. Pure. Errors: those of `names`. */
export function readRequest(request: DiskRequest, { read, change }: RequestNames): DiskCommand {
  const { verb } = request;
  switch (verb) {
    case 'create': {
      const { image, size, filesystem } = request.sized;
      return { verb, image: change(image), size, ...(filesystem ? { filesystem: 'ext4' } : {}) };
    }
    case 'resize': {
      const { image, size, filesystem } = request.sized;
      return { verb, image: change(image), size, filesystem };
    }
    case 'delete':
      return { verb, image: change(request.image) };
    case 'check':
      return { verb, image: read(request.image) };
    case 'copy':
    case 'convert':
      return { verb, image: read(request.pair.image), target: change(request.pair.other) };
    case 'cow-merge': {
      const { image, other } = request.pair;
      return other === ''
        ? { verb, image: change(image) }
        : { verb, image: read(image), target: change(other) };
    }
    case 'cow-create':
      return { verb, image: change(request.pair.image), backing: read(request.pair.other) };
    case 'cow-rebase': {
      const { image, backing, sameContent } = request.rebase;
      return { verb, image: change(image), backing: read(backing), sameContent };
    }
    case 'snapshot':
    case 'rollback':
    case 'snapshot-delete':
      return { verb, image: change(request.snapshot.image), name: request.snapshot.name };
  }
}
