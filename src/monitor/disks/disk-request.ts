import { parseImagePath } from '../../config/values/disk.ts';
import type { DiskCommand } from '../../disk/commands/command-types.ts';
import { readRequest } from '../../disk/commands/read-request.ts';
import { type ImageName, nameFor, nameText } from '../../disk/names/image-name.ts';
import type { DiskRequest } from '../../rpc/umlmonctrl.gen.ts';
import { UmlmonError } from '../../system/errors/errors.ts';

/**
 * The request of a client of a VM as a disk command. Pure.
 *
 * Clients of a VM have the rights of its guest. They may read and change /disks. All VMs may read /shared/disks, which
 * has backing files, but no client of a VM may change it: administrators do so with umladmin(8). Clients cannot name
 * images of other VMs. This file refuses requests by name, at once. caller.ts checks the files that the names and the
 * headers lead to, after they are locked.
 *
 * Errors: CONFIG_PATH, IMAGE_NOT_OWNED.
 */
export function readClientRequest(vm: string, request: DiskRequest): DiskCommand {
  const read = (path: string) => requestedImage(vm, path);
  const change = (path: string) => {
    const name = requestedImage(vm, path);
    if (name.vm === '') throw sharedError(vm, name);
    return name;
  };
  return readRequest(request, { read, change });
}

/** The image that a client of a VM means. Errors: CONFIG_PATH. */
export function requestedImage(vm: string, path: string): ImageName {
  const name = nameFor(vm, path);
  if (name) return name;
  const parsed = parseImagePath(path);
  const refusal = 'cause' in parsed ? parsed : { code: 'CONFIG_PATH' as const, cause: path };
  throw new UmlmonError(refusal.code, { place: vm, ...refusal });
}

/** The refusal for a client of a VM that wants to change an image of all VMs. */
function sharedError(vm: string, name: ImageName): UmlmonError {
  return new UmlmonError('IMAGE_NOT_OWNED', {
    place: vm,
    cause: `${nameText(name)} belongs to all VMs: a client of one may read it only`,
    hint: 'change a copy in /disks, or use umladmin disk on the host',
  });
}
