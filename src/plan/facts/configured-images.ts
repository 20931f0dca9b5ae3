/** The images that a VM's configuration names, as the host has them. */
import type { VmConfig } from '../../config/config.ts';
import { backingFor } from '../../disk/commands/may-use.ts';
import { needsEveryone } from '../../disk/commands/refuse-unknown.ts';
import { type GuestContent, lookIntoImage, lookThroughCow } from '../../disk/content/guest-content.ts';
import { type ImageName, type ImageStore, nameFor } from '../../disk/names/image-name.ts';
import { type ImageFacts, lookAtImage } from '../../disk/names/open-image.ts';
import type { ImageGraph } from '../../disk/store/graph.ts';
import { scanFor } from '../../disk/store/scan.ts';
import { mountWith } from '../../jail/host/mount-options.ts';
import type { VmUser } from '../../jail/user.ts';
import { closedOnWay } from '../checks/access.ts';
import { refuseDisk } from '../checks/refuse-disk.ts';
import { type Found, find } from './found.ts';

/** An image that the configuration names: as a disk, or as the backing file of one. */
export interface ConfiguredImage {
  readonly unit: number;
  readonly name: ImageName;
  readonly facts: Found<ImageFacts>;
  /** The directory on the way to it that the VM's user cannot pass, of those that no start gives their modes. */
  readonly closed: string | undefined;
  /** Of a device: the mount point above it that is mounted nodev. */
  readonly nodev: string | undefined;
  /** Of a file: the mount point above it that is mounted read-only. */
  readonly readOnlyMount: string | undefined;
  /** What the guest sees of it, of a backing file together with the COW image; undefined if that cannot be read. */
  readonly guestContent: GuestContent | undefined;
}

/** The image that a VM's configuration means; its parser has let no other path through. */
function nameOfDisk(vm: VmConfig, path: string): ImageName {
  const name = nameFor(vm.name, path);
  if (!name) throw new Error(`${path} is not a path of an image`);
  return name;
}

/** The images that decide whether a VM may use its disks: with those of the other VMs only where it has to be. */
export async function graphFor(vm: VmConfig, store: ImageStore): Promise<ImageGraph> {
  let seen: ImageGraph | undefined;
  await scanFor(store, [vm.name], ({ graph }) => {
    seen = graph;
    const answers = vm.ubd.map((disk) => refuseDisk(vm, disk, graph));
    return answers.includes(needsEveryone) ? needsEveryone : graph;
  });
  if (!seen) throw new Error('no scan was made');
  return seen;
}

/** The backing files of the COW images of a VM, as far as they have one. */
export function backingsOf(vm: VmConfig, graph: ImageGraph, user: Found<VmUser>): ConfiguredImage[] {
  return vm.ubd.flatMap(({ unit, path, kind, backing: said }) => {
    if (kind !== 'cow') return [];
    const image = nameOfDisk(vm, path);
    const backing = backingFor(graph, { image, ...(said === undefined ? {} : { backing: said }) });
    if ('cause' in backing) return [];
    const content =
      'found' in user ? find(() => lookThroughCow(image, backing.name, graph.store, user.found)) : user;
    return [lookAtConfigured(unit, backing.name, graph.store, user, content)];
  });
}

/** The content of a COW image is read together with its backing file. */
export function lookAtDisk(
  vm: VmConfig,
  { unit, path, kind }: VmConfig['ubd'][number],
  store: ImageStore,
  user: Found<VmUser>,
): ConfiguredImage {
  const name = nameOfDisk(vm, path);
  const content =
    kind !== 'cow' && 'found' in user ? find(() => lookIntoImage(name, store, user.found)) : unread;
  return lookAtConfigured(unit, name, store, user, content);
}

const unread: Found<undefined> = { found: undefined };

function lookAtConfigured(
  unit: number,
  name: ImageName,
  store: ImageStore,
  user: Found<VmUser>,
  content: Found<GuestContent | undefined>,
): ConfiguredImage {
  const facts = find(() => lookAtImage(name, store));
  const known = 'found' in facts && 'found' in user;
  const closed = known ? closedOnWay(facts.found, user.found) : undefined;
  const found = 'found' in facts ? facts.found : undefined;
  return {
    ...{ unit, name, facts, closed },
    nodev: found?.kind === 'block' ? mountWith('nodev', found.hostPath) : undefined,
    readOnlyMount: found?.kind === 'file' ? mountWith('ro', found.hostPath) : undefined,
    // An image that cannot be opened is missing in its facts.
    guestContent: 'found' in content ? content.found : undefined,
  };
}
