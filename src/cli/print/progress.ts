/** The progress of a disk command, as text and as data. Pure: times are parameters. */
import { sizeText } from '../../system/size-text.ts';

/** What is known at one moment. */
export interface Sample {
  /** Milliseconds of any clock that does not jump. */
  readonly at: number;
  /** Bytes. */
  readonly done: number;
  /** 0 while it is not known. */
  readonly total: number;
}

export interface Estimate {
  readonly done: number;
  readonly total: number;
  /** 0 to 100, not rounded; undefined while the total is not known. */
  readonly percent: number | undefined;
  /** Undefined while too little is known. */
  readonly bytesPerSecond: number | undefined;
  readonly secondsLeft: number | undefined;
  readonly secondsGone: number;
}

/** The rate is that of the last seconds: a copy runs through holes at another speed than through data. */
const windowMs = 5000;
/** Before that, a rate measures caches only. */
const rateAfterMs = 300;

/** The samples of one disk command, oldest first: the first sample, and those for the rate. */
export type Track = readonly Sample[];

export function advance(track: Track, sample: Sample): Track {
  const [first, ...rest] = track;
  if (!first) return [sample];
  const recent = rest.filter(({ at }, i) => sample.at - at <= windowMs || i === rest.length - 1);
  return [first, ...recent, sample];
}

export function estimate(track: Track): Estimate {
  const first = track[0] ?? { at: 0, done: 0, total: 0 };
  const last = track.at(-1) ?? first;
  const { done, total } = last;
  const from = track.find(({ at }) => last.at - at <= windowMs) ?? first;
  const ms = last.at - from.at;
  const bytesPerSecond = ms >= rateAfterMs ? Math.max(0, ((done - from.done) * 1000) / ms) : undefined;
  return {
    done,
    total,
    percent: total > 0 ? Math.min(100, (100 * done) / total) : undefined,
    bytesPerSecond,
    secondsLeft:
      total > 0 && bytesPerSecond !== undefined && bytesPerSecond > 0
        ? Math.max(0, (total - done) / bytesPerSecond)
        : undefined,
    secondsGone: (last.at - first.at) / 1000,
  };
}

const lineEveryMs = 5000;
const lineEveryPercent = 10;
/** Disk commands that finish at once need no lines. */
const lineAfterMs = 500;

/** Whether a line is due where lines stay: a tenth further than the last one, or some seconds later. */
export function isLineDue(begin: Sample, last: Sample | undefined, now: Sample): boolean {
  if (now.at - begin.at < lineAfterMs) return false;
  const since = last ?? begin;
  if (now.at - since.at >= lineEveryMs) return true;
  if (now.at - since.at < lineAfterMs || now.total <= 0) return false;
  const tenth = ({ done }: Sample) => Math.floor((100 * done) / now.total / lineEveryPercent);
  return tenth(now) > tenth(since);
}

/** `copy: 45 %, 1.2 GiB of 2.6 GiB, 130 MiB/s, 11 s left` */
export function progressLine(label: string, known: Estimate): string {
  const { percent, done, total } = known;
  if (percent === undefined)
    return `${label}: ${done > 0 ? `${sizeText(done)}, ` : ''}${durationText(known.secondsGone)}`;
  const parts = [
    percentText(percent),
    `${sizeText(done)} of ${sizeText(total)}`,
    rateText(known),
    leftText(known),
  ];
  return `${label}: ${parts.filter(Boolean).join(', ')}`;
}

const barMin = 10;
const barMax = 40;

/** The same in one line of at most `width` columns, with a bar: what does not fit is left out, the least first. */
export function barText(label: string, known: Estimate, width: number): string {
  const { percent, done, total } = known;
  if (percent === undefined) return progressLine(label, known).slice(0, Math.max(0, width));
  const amount = `${sizeText(done)} of ${sizeText(total)}`.padStart(2 * sizeText(total).length + 4);
  const share = percentText(percent).padStart(5);
  const rate = rateText(known).padStart(rateWidth);
  const left = leftText(known).padStart(leftWidth);
  const layouts = [
    { before: `${label}  `, after: `  ${share}  ${amount}  ${rate}  ${left}` },
    { before: `${label}  `, after: `  ${share}  ${rate}  ${left}` },
    { before: `${label}  `, after: `  ${share}  ${left}` },
    { before: `${label}  `, after: `  ${share}` },
    { before: '', after: `  ${share}` },
  ];
  for (const { before, after } of layouts) {
    const room = width - before.length - after.length - 2;
    if (room < barMin) continue;
    const cells = Math.min(room, barMax);
    const full = Math.floor((cells * percent) / 100);
    return `${before}[${'#'.repeat(full)}${'.'.repeat(cells - full)}]${after}`.trimEnd();
  }
  return share.trim().slice(0, Math.max(0, width));
}

/** `99.9 MiB/s`, `59 s left`: what is longer moves the bar a bit. */
const rateWidth = 11;
const leftWidth = 10;

/** Rounded down: at 100 % only what a disk still has to write is left. */
function percentText(percent: number): string {
  return `${Math.floor(percent)} %`;
}

function rateText({ bytesPerSecond }: Estimate): string {
  return bytesPerSecond === undefined ? '' : `${sizeText(Math.round(bytesPerSecond))}/s`;
}

function leftText({ done, total, secondsLeft }: Estimate): string {
  if (done >= total) return 'syncing';
  return secondsLeft === undefined ? '' : `${durationText(Math.ceil(secondsLeft))} left`;
}

function durationText(seconds: number): string {
  const whole = Math.floor(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
