/** Who may do what to which images. Pure: asked before images are locked, and decided on what the locks are of. */
import type { Refusal } from '../../config/problem.ts';
import { shellWord } from '../../system/shell-word.ts';
import { type ImageName, nameText } from '../names/image-name.ts';
import { type ImageRights, mayReach } from '../names/image-rights.ts';
import type { Claim, ImageCaller, Question, VmCaller } from './command-types.ts';

/** A claimed image: facts from its descriptor or, before it is locked, from a scan. */
export interface Claimed {
  readonly claim: Claim;
  readonly rights: ImageRights;
  /** All of its names that are known. */
  readonly names: readonly ImageName[];
}

/** Why a caller may not use a claimed image; undefined if it may. */
export function refuseClaim(caller: ImageCaller, { claim, rights, names }: Claimed): Refusal | undefined {
  if (caller.kind === 'administrator') return undefined;
  const { vm, user } = caller;
  const { image, use } = claim;
  if (image.vm !== vm && image.vm !== '') return refuseForeign(caller, image);
  const shared = [image, ...names].find((name) => name.vm !== vm);
  if (shared && use !== 'read' && caller.kind === 'vm') return refuseForeign(caller, shared);
  const want = use === 'read' ? 4 : use === 'write' ? 6 : 0;
  if (want === 0 || mayReach(rights, user, want)) return undefined;
  const words = use === 'read' ? 'read' : 'write';
  return {
    code: 'IMAGE_ACCESS',
    cause: `the user ${user.name} of ${vm} may not ${words} ${textOf(claim)}`,
    hint:
      use === 'read'
        ? 'make the file readable on the host: chmod a+r'
        : `make that user its owner on the host: chown ${shellWord(user.name)}`,
  };
}

/** Why a caller may not create an image; undefined if it may. */
export function refuseMaking(caller: ImageCaller, image: ImageName): Refusal | undefined {
  return caller.kind === 'administrator' || caller.vm === image.vm ? undefined : refuseForeign(caller, image);
}

function refuseForeign({ vm }: VmCaller, image: ImageName): Refusal {
  if (image.vm !== '')
    return {
      code: 'IMAGE_NOT_OWNED',
      cause: `${nameText(image)} does not belong to ${vm}`,
      hint: 'run umladmin disk on the host',
    };
  return {
    code: 'IMAGE_NOT_OWNED',
    cause: `${nameText(image)} belongs to all VMs: a client of one VM may only read it`,
    hint: 'change a copy in /disks, or run umladmin disk on the host',
  };
}

/** The question that an administrator must answer before a claim is used; undefined if no question is needed. */
export function questionOf(caller: ImageCaller, { claim, rights, names }: Claimed): Question | undefined {
  const { image, use, via } = claim;
  // A header in the shared tree is one that an administrator has put there.
  if (caller.kind !== 'administrator' || !via || via.vm === '' || use === 'name') return undefined;
  const user = caller.userOf(via.vm);
  const leadsOut = [image, ...names].some(({ vm }) => vm !== via.vm);
  if (use === 'write' && leadsOut) return { cow: via, image, use };
  return user && mayReach(rights, user, use === 'read' ? 4 : 6) ? undefined : { cow: via, image, use };
}

export function sameQuestion(one: Question, other: Question): boolean {
  return keyOf(one) === keyOf(other);
}

function keyOf({ cow, image, use }: Question): string {
  return `${nameText(cow)} ${use} ${nameText(image)}`;
}

function textOf({ image, via }: Claim): string {
  return via ? `${nameText(image)}, which the header of ${nameText(via)} names` : nameText(image);
}
