import { UmlmonError } from '../../system/errors/errors.ts';
import { type ImageName, nameText } from '../names/image-name.ts';
import { type ImageGraph, imageOf } from '../store/graph.ts';
import { type Claimed, questionOf, refuseClaim, sameQuestion } from './caller.ts';
import type { Claim, ImageCaller, Question } from './command-types.ts';

/** Refuses what a caller may not do. Errors: IMAGE_NOT_OWNED, IMAGE_ACCESS. @param place for errors */
export function requireAllowed(
  caller: ImageCaller,
  graph: ImageGraph,
  claims: readonly Claim[],
  place: string,
): void {
  for (const claimed of claimedIn(graph, claims)) {
    const refusal = refuseClaim(caller, claimed);
    if (refusal) throw new UmlmonError(refusal.code, { place, ...refusal });
  }
}

/** Asks an administrator all open questions. Returns those that were answered with yes. Errors: IMAGE_NOT_OWNED. */
export async function askAbout(
  caller: ImageCaller,
  graph: ImageGraph,
  claims: readonly Claim[],
): Promise<readonly Question[]> {
  const questions = questionsAbout(caller, graph, claims);
  for (const question of questions)
    if (caller.kind !== 'administrator' || !(await caller.ask(question))) throw refusedQuestion(question);
  return questions;
}

/** Refuses what was not agreed to: a header may name another image now. Errors: IMAGE_SWAPPED. */
export function requireAgreed(
  caller: ImageCaller,
  graph: ImageGraph,
  claims: readonly Claim[],
  agreed: readonly Question[],
): void {
  for (const question of questionsAbout(caller, graph, claims))
    if (!agreed.some((one) => sameQuestion(one, question)))
      throw new UmlmonError('IMAGE_SWAPPED', {
        place: nameText(question.cow),
        cause: `its header names ${nameText(question.image)} now`,
        hint: 'stop its VM, then try again',
      });
}

function questionsAbout(caller: ImageCaller, graph: ImageGraph, claims: readonly Claim[]): Question[] {
  const isNamed = ({ image, use }: Claim) =>
    claims.some((one) => !one.via && one.use === use && nameText(one.image) === nameText(image));
  return claimedIn(graph, claims).flatMap((claimed) => {
    const question = isNamed(claimed.claim) ? undefined : questionOf(caller, claimed);
    return question ? [question] : [];
  });
}

function claimedIn(graph: ImageGraph, claims: readonly Claim[]): Claimed[] {
  return claims.map((claim) => {
    const { image } = claim;
    const found = imageOf(graph, image);
    if (!found) throw missing(image);
    return { claim, rights: found, names: found.names };
  });
}

function missing(image: ImageName): UmlmonError {
  return new UmlmonError('IMAGE_MISSING', {
    place: nameText(image),
    cause: 'the image does not exist on the host',
  });
}

function refusedQuestion({ cow, image, use }: Question): UmlmonError {
  return new UmlmonError('IMAGE_NOT_OWNED', {
    place: nameText(cow),
    cause: `its header names ${nameText(image)}, which the command would ${use === 'write' ? 'write to' : 'read'}; the guest may have written that header`,
    hint: 'add -yes to do it',
  });
}
