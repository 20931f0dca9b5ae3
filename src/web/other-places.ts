import { isHostName } from '../config/directory-keys.ts';
import { vmNameDamage } from '../config/names.ts';
import type { Endpoint } from '../rpc/connect-remote.ts';
import type { DirList, DirTarget } from '../rpc/umldir.gen.ts';
import { webLimits } from '../system/limits.ts';

/** A VM of another host, and the directory that knows it. */
export interface OtherPlace {
  readonly target: DirTarget;
  readonly at: Endpoint;
}

export interface OtherPlaces {
  /** By `VM@HOST`. */
  readonly places: ReadonlyMap<string, OtherPlace>;
  /** How many were left out, since they are too many. */
  readonly left: number;
}

/**
 * The VMs of other hosts that some directories know. The first one that names a VM is the way to it; what cannot be a name is
 * left out, and so are those of this host, which need no directory.
 *
 * @param here the name of this host
 */
export function otherPlaces(
  directories: readonly { readonly at: Endpoint; readonly list: Pick<DirList, 'entries'> | undefined }[],
  here: string,
): OtherPlaces {
  const places = new Map<string, OtherPlace>();
  const left = new Set<string>();
  for (const { at, list } of directories)
    for (const { host, vm } of list?.entries ?? []) {
      const name = `${vm.name}@${host}`;
      if (host === here || !isHostName(host) || vmNameDamage(vm.name) || places.has(name)) continue;
      if (places.size < webLimits.otherVms) places.set(name, { target: { vm: vm.name, host }, at });
      else left.add(name);
    }
  return { places, left: left.size };
}
