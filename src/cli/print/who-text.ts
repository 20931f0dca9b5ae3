import type { SeatInfo, SeatList } from '../../rpc/umlmonctrl.gen.ts';
import { printable } from '../../system/text.ts';
import { ageText } from './render.ts';

/** The viewers of the consoles, one per line. */
export function whoText({ seats }: SeatList, now: number): string[] {
  if (seats.length === 0) return ['nobody'];
  return seats.map((seat) => `${printable(seat.channel, 32).padEnd(5)}  ${seatText(seat, now)}`);
}

function seatText({ by, since, writes, typedAt, behind, skipped }: SeatInfo, now: number): string {
  return [
    `${printable(by, 64)} ${writes ? 'types' : 'observes'}`,
    `attached for ${ageText(since, now)}`,
    ...(typedAt > 0 ? [`typed ${ageText(typedAt, now)} ago`] : []),
    ...(behind > 0 ? [`${behind} bytes behind`] : []),
    ...(skipped > 0 ? [`${skipped} bytes skipped`] : []),
  ].join(', ');
}
