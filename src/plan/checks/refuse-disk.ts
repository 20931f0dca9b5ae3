import type { VmConfig } from '../../config/config.ts';
import type { AtUnit } from '../../config/keys/key.ts';
import type { Refusal } from '../../config/problem.ts';
import type { UbdSpec } from '../../config/values/disk.ts';
import { refuseOpen } from '../../disk/commands/may-use.ts';
import { nameFor } from '../../disk/names/image-name.ts';
import type { ImageGraph } from '../../disk/store/graph.ts';

export type ConfiguredDisk = AtUnit<UbdSpec>;

/** Why the images of the host do not permit that a VM uses one as this disk; undefined if they do. */
export function refuseDisk(
  { name: by }: VmConfig,
  disk: ConfiguredDisk,
  graph: ImageGraph,
): Refusal | undefined {
  const image = nameFor(by, disk.path);
  if (!image) throw new Error(`${disk.path} is not a path of an image`);
  const said = disk.backing === undefined ? {} : { backing: disk.backing };
  return refuseOpen(graph, { by, image, mode: disk.readOnly ? 'ro' : 'rw', ...said });
}
