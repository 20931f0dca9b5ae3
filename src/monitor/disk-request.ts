import { parseImagePath } from '../config/disk.ts';
import { type ImageName, nameFor, nameText } from '../disk/image-name.ts';
import type { DiskVerb } from '../disk/verb.ts';
import type { DiskRequest } from '../rpc/umlmonctrl.gen.ts';
import { UmlmonError } from '../system/errors.ts';

/**
 * What a client of a VM asks for, as a verb of the library. Pure.
 *
 * Clients of a VM have the rights of its guest: /disks is theirs; /shared/disks, which all VMs read (umlmon(7): "one can
 * place here backing files"), they may read and not change. The images of other VMs they cannot even name. Whoever
 * administers the host changes shared images with umladmin(8).
 *
 * @returns the verb, and the images that it only reads
 * @throws UmlmonError CONFIG_PATH, IMAGE_FOREIGN
 */
export function readRequest(vm: string, request: DiskRequest): { verb: DiskVerb; reads: ImageName[] } {
  const read = (path: string) => imageOf(vm, path);
  const own = (path: string) => ownImage(vm, path);
  switch (request.verb) {
    case 'create': {
      const { image, size, filesystem } = request.sized;
      const made = { verb: 'create', image: own(image), size } as const;
      return { verb: filesystem ? { ...made, filesystem: 'ext4' } : made, reads: [] };
    }
    case 'resize': {
      const { image, size, filesystem } = request.sized;
      return { verb: { verb: 'resize', image: own(image), size, filesystem }, reads: [] };
    }
    case 'delete':
      return { verb: { verb: 'delete', image: own(request.image) }, reads: [] };
    case 'check': {
      const image = read(request.image);
      return { verb: { verb: 'check', image }, reads: [image] };
    }
    case 'copy':
    case 'convert': {
      const image = read(request.pair.image);
      return { verb: { verb: request.verb, image, target: own(request.pair.other) }, reads: [image] };
    }
    case 'cow-merge': {
      const { image, other } = request.pair;
      if (other === '') return { verb: { verb: 'cow-merge', image: own(image) }, reads: [] };
      const cow = read(image);
      return { verb: { verb: 'cow-merge', image: cow, target: own(other) }, reads: [cow] };
    }
    case 'cow-create':
    case 'cow-rebase': {
      const backing = read(request.pair.other);
      return { verb: { verb: request.verb, image: own(request.pair.image), backing }, reads: [backing] };
    }
    case 'snapshot':
    case 'rollback':
    case 'snapshot-delete': {
      const { image, name } = request.snapshot;
      return { verb: { verb: request.verb, image: own(image), name }, reads: [] };
    }
  }
}

/** The image that a client of a VM means. Errors: CONFIG_PATH. */
export function imageOf(vm: string, path: string): ImageName {
  const parsed = parseImagePath(path);
  const name = nameFor(vm, path);
  if (name && 'value' in parsed) return name;
  const { code, cause, hint } =
    'value' in parsed ? { code: 'CONFIG_PATH' as const, cause: path, hint: '' } : parsed;
  throw new UmlmonError(code, { place: vm, cause, hint });
}

function ownImage(vm: string, path: string): ImageName {
  const name = imageOf(vm, path);
  if (name.vm !== '') return name;
  throw sharedError(vm, name);
}

/** What a client of a VM is told who wants to change an image of all VMs. */
export function sharedError(vm: string, name: ImageName): UmlmonError {
  return new UmlmonError('IMAGE_FOREIGN', {
    place: vm,
    cause: `${nameText(name)} belongs to all VMs: a client of one may read it only`,
    hint: 'change a copy in /disks, or use umladmin disk on the host',
  });
}
