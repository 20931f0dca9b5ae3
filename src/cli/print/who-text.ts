import type { ViewerInfo, ViewerList } from '../../rpc/umlmonctrl.gen.ts';
import { printable } from '../../system/text.ts';
import { ageText } from './render.ts';

/** The viewers of the consoles, one per line. */
export function whoText({ viewers }: ViewerList, now: number): string[] {
  if (viewers.length === 0) return ['nobody'];
  return viewers.map((viewer) => `${printable(viewer.channel, 32).padEnd(5)}  ${viewerText(viewer, now)}`);
}

function viewerText(
  { by, since, controls: writes, typedAt, behind, skipped }: ViewerInfo,
  now: number,
): string {
  return [
    `${printable(by, 64)} ${writes ? 'types' : 'observes'}`,
    `attached for ${ageText(since, now)}`,
    ...(typedAt > 0 ? [`typed ${ageText(typedAt, now)} ago`] : []),
    ...(behind > 0 ? [`${behind} bytes behind`] : []),
    ...(skipped > 0 ? [`${skipped} bytes skipped`] : []),
  ].join(', ');
}
