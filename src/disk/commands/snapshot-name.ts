/**
 * Names of snapshots. A snapshot is an image beside its original: `/disks/root@before.dsk` is the snapshot `before` of
 * `/disks/root.dsk`. So a VM can use both.
 */
import { givenNameDamage } from '../../config/names.ts';
import type { Refusal } from '../../config/problem.ts';
import { type ImageName, nameFor, nameText } from '../names/image-name.ts';
import type { ImageGraph } from '../store/graph.ts';

const suffix = /\.(?:dsk|cow)$/;

/** The image that is the snapshot of this name; or why there can be none. */
export function snapshotName(image: ImageName, name: string): ImageName | Refusal {
  const damage = givenNameDamage(name, 'snapshot');
  if (damage) return damage;
  const snapshot = nameFor(
    image.vm,
    image.path.replace(suffix, (kind) => `@${name}${kind}`),
  );
  if (!suffix.test(image.path) || !snapshot)
    return {
      code: 'IMAGE_KIND',
      cause: `snapshots of ${nameText(image)} are not possible`,
      hint: 'convert it into a .dsk image',
    };
  return snapshot;
}

/** The image that one is a snapshot of, by its name alone, and the name of the snapshot. */
export function snapshotOf({ vm, path }: ImageName): { of: ImageName; name: string } | undefined {
  const match = /^(.*[^/])@([^@/]+)(\.(?:dsk|cow))$/.exec(path);
  const [, stem, name, kind] = match ?? [];
  if (stem === undefined || name === undefined || kind === undefined) return undefined;
  return { of: { vm, path: stem + kind }, name };
}

/** nameText of each image that has snapshots → their names, oldest first. */
export function snapshotsOf(graph: ImageGraph): Map<string, string[]> {
  const found = new Map<string, { name: string; mtime: number }[]>();
  for (const { names, mtime } of graph.images.values())
    for (const image of names) {
      const snapshot = snapshotOf(image);
      const of = snapshot && nameText(snapshot.of);
      if (of === undefined || !graph.ids.has(of)) continue;
      const entry = { name: snapshot?.name ?? '', mtime };
      const known = found.get(of);
      if (known) known.push(entry);
      else found.set(of, [entry]);
    }
  const byAge = (one: { name: string; mtime: number }, other: { name: string; mtime: number }) =>
    one.mtime - other.mtime || (one.name < other.name ? -1 : 1);
  return new Map([...found].map(([of, entries]) => [of, entries.sort(byAge).map(({ name }) => name)]));
}
