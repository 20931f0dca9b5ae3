import type { Failure, ImageDetails, ImageInfo, Job } from '../../rpc/umlmonctrl.gen.ts';
import { failureText } from '../../system/errors/errors.ts';
import { sizeText } from '../../system/size-text.ts';
import { printable } from '../../system/text.ts';
import { ageText, rows } from '../print/render.ts';

/** One line per image; then what could not be read. */
export function imagesText(images: readonly ImageInfo[], warnings: readonly Failure[]): string {
  const lines = rows(
    images.map((image) => [
      shown(image.path),
      image.kind,
      sizeText(image.size),
      `${sizeText(image.allocated)} used`,
      shown(notesOf(image).join('; ')),
    ]),
  );
  return [
    ...(images.length > 0 ? lines.map((line) => line.trimStart()) : ['there are no images']),
    ...warnings.map((warning) => `not read: ${shown(failureText(warning))}`),
  ].join('\n');
}

function notesOf({ backing, holders, snapshots, problem }: ImageInfo): string[] {
  return [
    ...(backing ? [`over ${backing}`] : []),
    ...(holders.length > 0 ? [holdersText(holders)] : []),
    ...(snapshots.length > 0 ? [`snapshots ${snapshots.join(', ')}`] : []),
    ...(problem ? [`NOT USABLE: ${problem}`] : []),
  ];
}

function holdersText(holders: ImageInfo['holders']): string {
  return holders.map(({ holder, writes }) => `${holder} ${writes ? 'writes' : 'reads'}`).join(', ');
}

export function imageText({ image, content, hazard, cow }: ImageDetails): string {
  const optional = (name: string, value: string): [string, string][] => (value ? [[name, shown(value)]] : []);
  const changed = cow ? `version ${cow.format}, ${sizeText(cow.changed)} changed by the guest` : '';
  return [
    shown(image.path),
    ...rows([
      ['kind', image.kind],
      ['size', `${sizeText(image.size)}, ${sizeText(image.allocated)} used`],
      ...optional('backing', image.backing),
      ...optional('changes', changed),
      ...optional('merge', cow?.merging ? 'interrupted: do it again' : ''),
      ...optional('content', content),
      ...optional('open', holdersText(image.holders)),
      ...optional('snapshots', image.snapshots.join(', ')),
      ...optional('hazard', hazard),
      ...optional('problem', image.problem),
    ]),
  ].join('\n');
}

/** One line per job, with how far it is or what it came to. */
export function jobsText(vm: string, jobs: readonly Job[], now: number): string {
  if (jobs.length === 0) return `${vm}: no job is known`;
  return rows(jobs.map((job) => [String(job.id), job.name, stateText(job, now), shown(job.subject)]))
    .map((line) => line.slice(2))
    .join('\n');
}

function stateText({ outcome, done, total, began, ended, cancelling }: Job, now: number): string {
  if (outcome.state !== 'running') {
    const ago = `${ageText(ended, now)} ago`;
    return outcome.state === 'failed' ? `failed ${ago} (${outcome.why.code})` : `${outcome.state} ${ago}`;
  }
  const share = total > 0 ? `${Math.floor((100 * done) / total)} %` : 'running';
  return `${cancelling ? 'being cancelled, ' : ''}${share} after ${ageText(began, now)}`;
}

function shown(text: string): string {
  return printable(text, 1000);
}
