/** Pure. */
import { vmNameDamage } from '../../config/names.ts';
import { isHostName } from '../../config/values/host-name.ts';
import type { DirList, DirTarget } from '../../rpc/umldir.gen.ts';
import { webLimits } from '../../system/limits/limits.ts';
import { plainHost } from '../../system/plain-host.ts';

/** A VM of another host, and the directory that knows it. */
export interface OtherPlace<D> {
  readonly target: DirTarget;
  readonly directory: D;
}

export interface OtherPlaces<D> {
  /** By `VM@HOST`. */
  readonly places: ReadonlyMap<string, OtherPlace<D>>;
  /** How many were left out, since they are too many. */
  readonly left: number;
}

/**
 * The VMs of other hosts that some directory servers know. The first one that names a VM is the way to it. Invalid names
 * are left out, and so are VMs of this host, which need no directory server.
 *
 * @param here the name of this host, as `plainHost` has it
 */
export function otherPlaces<D extends { readonly list: Pick<DirList, 'entries'> | undefined }>(
  directories: readonly D[],
  here: string,
): OtherPlaces<D> {
  const places = new Map<string, OtherPlace<D>>();
  const left = new Set<string>();
  for (const directory of directories)
    for (const { host, vm } of directory.list?.entries ?? []) {
      const plain = plainHost(host);
      const name = `${vm.name}@${plain}`;
      if (plain === here || !isHostName(host) || vmNameDamage(vm.name) || places.has(name)) continue;
      if (places.size < webLimits.otherVms) places.set(name, { target: { vm: vm.name, host }, directory });
      else left.add(name);
    }
  return { places, left: left.size };
}
