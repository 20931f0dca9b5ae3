/** Refuses only commands that depend on images whose state is unknown. Pure. */
import type { Refusal } from '../../config/problem.ts';
import { diskLimits } from '../../system/limits/limits.ts';
import { type ImageName, nameText } from '../names/image-name.ts';
import { type ImageGraph, nameOfId } from '../store/graph.ts';

/**
 * The answer to a question that depends on the images of all VMs, where a graph has those of some only (scanFor asks
 * again then).
 */
export const needsEveryone: Refusal = {
  code: 'IMAGE_UNKNOWN',
  cause: 'the images of other VMs are not known yet, and one of them may depend on it',
  hint: 'try again',
};

/** An image that the scan has not found: it does not exist, or it is unknown. */
export function refuseMissing(graph: ImageGraph, image: ImageName): Refusal {
  const missing = {
    code: 'IMAGE_MISSING',
    cause: `image ${nameText(image)} does not exist`,
    hint: 'list them: disk list',
  };
  return refuseUnseen(graph, image.vm) ?? (missing as Refusal);
}

/** The images of a VM that could not all be read. */
export function refuseUnseen({ unknown }: ImageGraph, vm: string): Refusal | undefined {
  const why = unknown.images.get(vm);
  if (why === undefined) return undefined;
  return {
    code: 'IMAGE_UNKNOWN',
    cause: `${whose(vm)} cannot all be read, and one of them may depend on this image: ${why}`,
    hint: 'remove the unreadable image, or move it to another directory',
  };
}

/** No room for another file. */
export function refuseFull({ unknown }: ImageGraph, vm: string): Refusal | undefined {
  if (!unknown.full.has(vm)) return undefined;
  return {
    code: 'IMAGE_UNKNOWN',
    cause: `${whose(vm)} share their directory with ${diskLimits.scanFiles} files, the largest number that is read`,
    hint: 'delete some files first',
  };
}

function whose(vm: string): string {
  return vm === '' ? 'the shared images' : `the images of ${vm}`;
}

/** Why it is not known who depends on an image; undefined if it is. */
export function refuseUnknownDependants(graph: ImageGraph, id: string): Refusal | undefined {
  for (const { vm } of graph.images.get(id)?.names ?? []) {
    const refusal = refuseUnseen(graph, vm);
    if (refusal) return refusal;
  }
  if (!isElsewhere(graph, id)) return undefined;
  if (graph.unknown.partial) return needsEveryone;
  const [vm] = graph.unknown.images.keys();
  return vm === undefined ? undefined : refuseUnseen(graph, vm);
}

/** Whether images of other VMs may be the same file, or depend on it. */
function isElsewhere({ images }: ImageGraph, id: string): boolean {
  const image = images.get(id);
  if (!image) return false;
  return (
    image.kind === 'device' || image.links > image.names.length || image.names.some(({ vm }) => vm === '')
  );
}

/** A holder whose record cannot be read may hold an image. @param by the caller */
export function refuseUnknownHolders(graph: ImageGraph, id: string, by: string): Refusal | undefined {
  const holder = graph.unknown.holders.find((one) => one !== by && mayHold(graph, one, id));
  if (holder === undefined) return undefined;
  return {
    code: 'IMAGE_UNKNOWN',
    cause: `${holder} may hold ${nameOfId(graph, id)}: its record of held images cannot be read`,
    hint: `stop ${holder}, then try again`,
  };
}

/** A VM and the disk commands of its clients (`@VM.NUMBER`) can hold its images and the shared ones; a tool, any. */
function mayHold(graph: ImageGraph, holder: string, id: string): boolean {
  const vm = /^@(.*)\.\d+$/.exec(holder)?.[1] ?? holder;
  const names = graph.images.get(id)?.names ?? [];
  return vm === 'umladmin' || isElsewhere(graph, id) || names.some((name) => name.vm === vm);
}
