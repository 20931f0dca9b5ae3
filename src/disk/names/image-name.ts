/** Names of images: in a jail, on the host, and in messages. */
import { join, relative } from 'node:path';
import { parseImagePath } from '../../config/values/disk.ts';

/** Where the images of a host are. */
export interface ImageStore {
  /** VARDIR: the images of a VM are in VM/jail/disks below it. */
  readonly varDir: string;
  /** The shared tree: the images of all VMs are in disks below it. */
  readonly shared: string;
  /** Where holders of images list them (holders.ts). */
  readonly holders: string;
}

/** An image among all of the host. */
export interface ImageName {
  /** The VM in whose /disks it is; '' for one in /shared/disks. */
  readonly vm: string;
  /** As the jail sees it. */
  readonly path: string;
}

/** `/shared/disks/base.dsk`, or `vm2:/disks/web.cow`: the form of names in messages, and the key of a name. */
export function nameText({ vm, path }: ImageName): string {
  return vm === '' ? path : `${vm}:${path}`;
}

/** The image that a VM means by a path; undefined if no image can be there. */
export function nameFor(vm: string, path: string): ImageName | undefined {
  const parsed = parseImagePath(path);
  if ('cause' in parsed) return undefined;
  return { vm: parsed.value.shared ? '' : vm, path };
}

/** The host directory of an image, which only root may change, and the image's path below it. */
export function placeOf({ vm, path }: ImageName, store: ImageStore): { directory: string; below: string } {
  return vm === ''
    ? { directory: sharedDisks(store), below: path.slice('/shared/disks/'.length) }
    : { directory: disksOf(store, vm), below: path.slice('/disks/'.length) };
}

export function imagePathOnHost(name: ImageName, store: ImageStore): string {
  const { directory, below } = placeOf(name, store);
  return join(directory, below);
}

/** Host directory of the images of a VM. */
export function disksOf({ varDir }: Pick<ImageStore, 'varDir'>, vm: string): string {
  return join(varDir, vm, 'jail/disks');
}

/** Host directory of the images of all VMs. */
export function sharedDisks({ shared }: Pick<ImageStore, 'shared'>): string {
  return join(shared, 'disks');
}

/** The image that has a path of the host; undefined if the path is not in a place for images. */
export function nameOfHostPath(hostPath: string, store: ImageStore): ImageName | undefined {
  const inShared = relative(sharedDisks(store), hostPath);
  if (isBelow(inShared)) return nameFor('', `/shared/disks/${inShared}`);
  const [vm = '', jail, disks, ...rest] = relative(store.varDir, hostPath).split('/');
  if (vm === '' || vm === '..' || jail !== 'jail' || disks !== 'disks') return undefined;
  return nameFor(vm, `/disks/${rest.join('/')}`);
}

function isBelow(path: string): boolean {
  return path !== '' && !path.startsWith('/') && path.split('/')[0] !== '..';
}
