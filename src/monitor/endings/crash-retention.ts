/** Names of crash bundles, and which of them are kept. */
import type { CrashBundle } from '../../rpc/umlmonctrl.gen.ts';

/** A bundle as its own `bundle.json` describes it. */
export interface Bundle extends CrashBundle {
  /** Name of the first bundle of the crashes that followed one another closely; its own if it is that. */
  readonly series: string;
  /** One more than that of the bundle before it: the clock of the host may have been set back since. 0 in old ones. */
  readonly sequence: number;
}

/**
 * A name that sorts by time: `2026-11-21T12-34-56Z`, and `-2`, `-3` … in the same second, after all names that are
 * taken: what was removed in that second leaves gaps.
 */
export function bundleName(endedAt: number, taken: readonly string[]): string {
  const base = new Date(endedAt)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(':', '-');
  const same = taken.filter((name) => name.startsWith(base));
  const last = Math.max(0, ...same.map((name) => Number(name.slice(base.length + 1) || 1)));
  return last === 0 ? base : `${base}-${last + 1}`;
}

export function isBundleName(name: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ(?:-[1-9]\d{0,5})?$/.test(name);
}

/** Whether a path can be that of a file in a bundle: a name, or one in the directory of the consoles. */
export function isBundleFile(path: string): boolean {
  return /^(?:[a-z]{1,16}\.(?:json|jsonl|txt)|console\/(?:con|ssl)\d{1,2}(?:\.txt)?)$/.test(path);
}

/** The series of a crash that comes after `newest`. */
export function seriesOf(
  name: string,
  endedAt: number,
  newest: Bundle | undefined,
  seriesGapMs: number,
): string {
  const follows = newest && endedAt - newest.endedAt < seriesGapMs;
  return follows ? newest.series : name;
}

export interface Retention {
  readonly count: number;
  readonly bytes: number;
}

/**
 * The bundles to remove, so that at most `count` bundles, with at most `bytes` bytes, remain. The oldest is removed first.
 * But the first of a series stays as long as the series has others. It shows what caused the crash loop; later ones
 * often show only the damage of the first crash. The newest is never removed.
 *
 * @param bundles from the oldest to the newest
 */
export function surplus(bundles: readonly Bundle[], { count, bytes }: Retention): Bundle[] {
  const kept = [...bundles];
  const gone: Bundle[] = [];
  let size = kept.reduce((sum, bundle) => sum + bundleSize(bundle), 0);
  while (kept.length > 1 && (kept.length > count || size > bytes)) {
    const inSeries = kept.length > 2 && kept[0]?.series === kept[1]?.series;
    for (const bundle of kept.splice(inSeries ? 1 : 0, 1)) {
      gone.push(bundle);
      size -= bundleSize(bundle);
    }
  }
  return gone;
}

function bundleSize({ files }: Pick<CrashBundle, 'files'>): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}
