/** The manifest of a backup: pure, with the checks that it needs before it is trusted. */
import { parseImagePath } from '../../config/values/disk.ts';

/**
 * The state of the guest when its images were copied. `frozen`: its file systems are clean. `synced`: it had written back
 * its caches. Otherwise nothing was done. In the last two cases the copy is as after a crash: mounting replays journals.
 */
export type Consistency = 'frozen' | 'synced' | 'crash';

/** Of a file system in the backup: the result of e2fsck, or why it was not run. */
export type Soundness =
  | { readonly found: 'clean' }
  | { readonly found: 'clean-after-replay' }
  | { readonly found: 'errors'; readonly words: string }
  | {
      readonly found: 'not-checked';
      readonly words: string;
      /** It could be checked, and the program for that could not do so. */
      readonly unable?: true;
    };

export interface BackupImage {
  readonly unit: number;
  /** As the jail sees it. */
  readonly path: string;
  /** Name of the copy in the directory of the backup. */
  readonly file: string;
  /** Bytes. */
  readonly size: number;
  readonly uid: number;
  readonly gid: number;
  /** Permission bits. */
  readonly mode: number;
  /** See fingerprintOf. */
  readonly fingerprint: string;
  /** The copy shares its blocks with the image. */
  readonly shared: boolean;
  /** Of a COW image: the content of its header. The backing file is not in the backup. */
  readonly backing?: { readonly path: string; readonly size: number; readonly mtime: number };
  readonly soundness: Soundness;
}

export interface Manifest {
  readonly format: 1;
  readonly vm: string;
  readonly name: string;
  /** Milliseconds since 1970: when the guest was paused. */
  readonly takenAt: number;
  /** One more than that of the previous backup, so that order survives a clock that is set back. Absent in old backups. */
  readonly sequence?: number;
  readonly consistency: Consistency;
  /** Milliseconds that programs of the guest could not write. */
  readonly pauseMs: number;
  /** Version of the kernel that ran. */
  readonly kernel: string;
  readonly images: readonly BackupImage[];
  /** Writable disks that are not in the backup, with the reason. */
  readonly leftOut: readonly { readonly unit: number; readonly path: string; readonly why: string }[];
  /** The configuration in force, with the places of the settings. */
  readonly settings: readonly { readonly key: string; readonly value: string; readonly origin: string }[];
}

/** `2026-11-21T12-34-56Z`, and `…-2` if that is taken. */
export function freshName(now: number, taken: ReadonlySet<string>): string {
  const base = `${new Date(now).toISOString().slice(0, 19).replaceAll(':', '-')}Z`;
  for (let n = 1; ; n++) {
    const name = n === 1 ? base : `${base}-${n}`;
    if (!taken.has(name)) return name;
  }
}

/**
 * The backups that are too many beside a new one, if only `keep` stay with it; 0 keeps all. Unsound ones do not push out
 * others. The new one is not asked for its time: the clock of the host may have been set back.
 */
export function surplusBackups(others: readonly Manifest[], keep: number): Manifest[] {
  const newestFirst = others.filter(isSound).sort((a, b) => byAge(b, a));
  if (keep === 0 || newestFirst.length < keep - 1) return [];
  const oldestKept = newestFirst[keep - 2];
  return others.filter((one) => !oldestKept || byAge(one, oldestKept) < 0);
}

/** Orders backups from the oldest to the newest. */
export function byAge(one: Pick<Manifest, 'takenAt' | 'sequence'>, other: typeof one): number {
  return (one.sequence ?? 0) - (other.sequence ?? 0) || one.takenAt - other.takenAt;
}

export function isSound({ images }: Pick<Manifest, 'images'>): boolean {
  return images.every(({ soundness }) => soundness.found !== 'errors');
}

/** A manifest as it was read; undefined if it is malformed. */
export function parseManifest(text: string): Manifest | undefined {
  let value: Partial<Manifest> | null;
  try {
    value = JSON.parse(text) as Partial<Manifest> | null;
  } catch {
    return undefined;
  }
  const { format, vm, name, takenAt, sequence, consistency, pauseMs, kernel, images, leftOut, settings } =
    value ?? {};
  const sound =
    format === 1 &&
    [vm, name, kernel].every((word) => typeof word === 'string') &&
    isCount(takenAt) &&
    (sequence === undefined || isCount(sequence)) &&
    typeof pauseMs === 'number' &&
    ['frozen', 'synced', 'crash'].includes(consistency ?? '') &&
    [images, leftOut, settings].every(Array.isArray) &&
    images?.every(isImage);
  return sound ? (value as Manifest) : undefined;
}

function isImage(image: Partial<BackupImage> | null): boolean {
  const { unit, path, file, size, uid, gid, mode, fingerprint, soundness } = image ?? {};
  return (
    [unit, size, uid, gid, mode].every(isCount) &&
    typeof path === 'string' &&
    !('cause' in parseImagePath(path)) &&
    /^ubd\d{1,2}\.(?:dsk|cow)$/.test(file ?? '') &&
    /^[\da-f]{64}$/.test(fingerprint ?? '') &&
    typeof soundness?.found === 'string'
  );
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
