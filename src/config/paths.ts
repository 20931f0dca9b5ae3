/** Pure. */
import { invisible, quoted, type Refusal } from './problem.ts';
import { wordDamage } from './values/kernel-argument.ts';
import { type ParsedValue, refuse } from './values/values.ts';

/** Devices ubda … ubdp (facts of the kernel: arch/um/drivers/ubd_kern.c, MAX_DEV). */
export const ubdUnits = 16;
/** Partitions of one ubd device (UBD_SHIFT = 4, the first minor is the whole device). */
const ubdPartitions = 15;

/** A directory of the host. */
export function parseHostDirectory(text: string): ParsedValue<string> {
  const path = text.length > 1 && text.endsWith('/') ? text.slice(0, -1) : text;
  const damage = hostPathDamage(path);
  if (damage) return damage;
  return { value: path };
}

/** The refusal of a directory of umlmon that comes from the environment rather than from a file. */
export function usualPlaceRefusal(key: string, why: Refusal): Refusal {
  const variables = key === 'rundir' ? 'XDG_RUNTIME_DIR' : 'HOME or XDG_STATE_HOME';
  const write = `set ${key} in [GLOBAL] of the configuration`;
  if (why.cause !== emptyPath) return { ...why, hint: `it comes from ${variables}: ${write}` };
  const cause = 'there is no default, because this user has no home directory: no HOME, and no account';
  return { ...why, cause, hint: `set HOME, or ${write}` };
}

/** A directory of the host; '' if not set. */
export function parseOptionalDirectory(text: string): ParsedValue<string> {
  return text === '' ? { value: '' } : parseHostDirectory(text);
}

/** A kernel file or kernel directory as the jail sees it. */
export function parseKernelPath(text: string): ParsedValue<string> {
  const damage = hostPathDamage(text) ?? placeDamage(text, ['/shared/kernels/'], 'kernels');
  return damage ?? { value: text };
}

/** The device that the guest mounts as its root. */
export interface RootDevice {
  readonly unit: number;
  /** 0 is the whole device. */
  readonly partition: number;
  /** The value of the kernel argument `root=`. */
  readonly device: string;
}

/** `ubda`, `ubdb1`, `/dev/ubda`. */
export function parseRootDevice(text: string): ParsedValue<RootDevice> {
  const match = /^(?:\/dev\/)?ubd([a-p])(\d{0,2})$/.exec(text);
  if (!match) {
    const unit = /^(?:\/dev\/)?ubd(\d{1,2})$/.exec(text)?.[1];
    const hint = unit && Number(unit) < ubdUnits ? `ubd${unit} is ${ubdName(Number(unit))} in the guest` : '';
    return refuse(`${quoted(text)} is not a ubd device`, hint || 'as in ubda, ubdb1, /dev/ubda');
  }
  const [, letter = 'a', digits = ''] = match;
  const partition = Number(digits);
  if (digits.startsWith('0') || partition > ubdPartitions)
    return refuse(`${quoted(text)} has no such partition`, `partitions are 1 to ${ubdPartitions}`);
  const unit = letter.charCodeAt(0) - 'a'.charCodeAt(0);
  return { value: { unit, partition, device: `/dev/ubd${letter}${digits}` } };
}

/** The guest's name of a ubd unit: 0 → ubda. */
export function ubdName(unit: number): string {
  return `ubd${String.fromCharCode('a'.charCodeAt(0) + unit)}`;
}

const emptyPath = 'the path is empty';

/** Why a path is not valid in the jail; undefined if it is. Blanks separate the arguments of the kernel. */
export function pathDamage(path: string): Refusal | undefined {
  if (path.startsWith('/') && /\s/u.test(path))
    return refusePath(
      `${quoted(path)} contains a blank, which separates arguments of the kernel`,
      'rename the file or directory',
    );
  return hostPathDamage(path);
}

/** Why a path is not valid on the host; undefined if it is. umlmon prints paths, so they contain no invisible characters. */
function hostPathDamage(path: string): Refusal | undefined {
  if (path === '') return refusePath(emptyPath, 'use an absolute path');
  if (!path.startsWith('/')) return refusePath(`${quoted(path)} is not an absolute path`, 'start it with /');
  if (path === '/') return refusePath('the root directory is not allowed here');
  // The lines of a configuration contain none; a client may send any.
  if (path.search(invisible) >= 0)
    return refusePath(`${quoted(path)} contains an invisible character`, 'rename the file or directory');
  if (path.includes('\ufffd'))
    return refusePath(`${quoted(path)} is not in UTF-8`, 'rename the file or directory');
  for (const part of path.slice(1).split('/')) {
    if (part === '' || part === '.' || part === '..')
      return refusePath(
        `${quoted(path)} is not a normalised path`,
        "write the path without '//', '.', '..' and a '/' at the end",
      );
    if (Buffer.byteLength(part) > 255) return refusePath('a component of the path is longer than 255 bytes');
  }
  return undefined;
}

/** Why a path cannot be passed on the command line of the kernel; undefined if it can. */
export function kernelPathDamage(path: string): Refusal | undefined {
  const damage = wordDamage(path);
  if (damage === undefined) return undefined;
  return refusePath(
    `${quoted(path)} cannot be passed to the kernel: ${damage}`,
    'rename it in printable ASCII',
  );
}

export function placeDamage(path: string, places: readonly string[], what: string): Refusal | undefined {
  if (places.some((place) => path.startsWith(place))) return undefined;
  return refusePath(
    `${quoted(path)} is not a valid path for ${what}`,
    `${what} are below ${places.join(' or ')} (as the jail sees them)`,
  );
}

export function refusePath(cause: string, hint = ''): Refusal {
  return refuse(cause, hint, 'CONFIG_PATH');
}

/** The absolute path of a program of the host; '' if not set. */
export function parseHook(text: string): ParsedValue<string> {
  if (text === '') return { value: '' };
  return parseHostDirectory(text);
}

/** The absolute path of a file of the host; '' if not set. */
export const parseOptionalFile = parseHook;
