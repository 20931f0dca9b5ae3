import { kernelPathDamage, pathDamage, placeDamage, refusePath } from '../paths.ts';
import { quoted } from '../problem.ts';
import { didYouMean } from '../suggest.ts';
import { type ParsedValue, refuse } from './values.ts';

/** The format of an image, from the suffix of its name: `.dsk`, `.cow`, `.dev`. */
export type ImageKind = 'flat' | 'cow' | 'device';

export interface ImagePath {
  /** As the jail sees it. */
  readonly path: string;
  readonly kind: ImageKind;
  /** Whether it is below /shared/disks, which all VMs see, rather than below /disks. */
  readonly shared: boolean;
}

const kinds: Readonly<Record<string, ImageKind>> = { '.dsk': 'flat', '.cow': 'cow', '.dev': 'device' };
const suffixes = '.dsk is a file, .cow a copy-on-write file, .dev a block device';

/** The path of an image. The kernel's ubd driver splits its argument at ',' and ':', the command line at blanks. */
export function parseImagePath(path: string): ParsedValue<ImagePath> {
  const damage =
    pathDamage(path) ??
    placeDamage(path, ['/disks/', '/shared/disks/'], 'disk images') ??
    kernelPathDamage(path);
  if (damage) return damage;
  const forbidden = /[,:"'\\]/.exec(path)?.[0];
  if (forbidden)
    return refusePath(`the name of a disk image must not contain ${forbidden}`, 'rename the file');
  const kind = kinds[/[^/](\.(?:dsk|cow|dev))$/.exec(path)?.[1] ?? ''];
  if (!kind) return refusePath(`${quoted(path)} does not end in .dsk, .cow or .dev`, suffixes);
  return { value: { path, kind, shared: path.startsWith('/shared/') } };
}

/** How the ubd driver uses an image. */
export interface UbdFlags {
  readonly readOnly: boolean;
  /** Each write reaches the disk of the host before the guest continues (O_SYNC). */
  readonly sync: boolean;
  /** Whether the kernel locks the file too (fcntl); umlmon always does (flock). */
  readonly kernelLock: boolean;
  /** Whether blocks that the guest discards become holes of the file. */
  readonly trim: boolean;
  /** '' for none. */
  readonly serial: string;
}

/** An image behind a ubd device. */
export interface UbdSpec extends ImagePath, UbdFlags {
  /** The backing file of a COW image, if configured; otherwise the image names it. */
  readonly backing?: string;
}

const words = ['ro', 'sync', 'nolock', 'notrim'] as const;

/** `PATH[,BACKING] [ro] [sync] [nolock] [notrim] [serial=TEXT]`: with the flags of the ubd driver as options. */
export function parseUbd(text: string): ParsedValue<UbdSpec> {
  const [paths = '', ...rest] = text.split(/[ \t]+/);
  const comma = paths.indexOf(',');
  const image = parseImagePath(comma < 0 || !paths.includes('.cow,') ? paths : paths.slice(0, comma));
  if ('cause' in image) return image;
  const backing = comma < 0 ? undefined : paths.slice(comma + 1);
  const damage = backing === undefined ? undefined : backingDamage(backing);
  if (damage) return damage;
  const serial = rest.find((word) => word.startsWith('serial='))?.slice('serial='.length) ?? '';
  const unknown = rest.find(
    (word, i) =>
      rest.indexOf(word) !== i ||
      !(words.some((known) => known === word) || /^serial=[\w.-]{1,64}$/.test(word)),
  );
  if (unknown !== undefined)
    return refuse(
      `unexpected ${quoted(unknown)} after the path`,
      didYouMean(unknown, words, `options are ${words.join(', ')}, serial=TEXT; names have no blanks`),
    );
  const has = (word: (typeof words)[number]) => rest.includes(word);
  return {
    value: {
      ...image.value,
      ...(backing === undefined ? {} : { backing }),
      readOnly: has('ro'),
      sync: has('sync'),
      kernelLock: !has('nolock'),
      trim: !has('notrim'),
      serial,
    },
  };
}

function backingDamage(path: string) {
  const parsed = parseImagePath(path);
  if ('cause' in parsed) return parsed;
  if (parsed.value.kind !== 'cow') return undefined;
  return refusePath(
    `${quoted(path)} cannot be a backing file`,
    'use .dsk or .dev: the kernel supports one layer only',
  );
}
