/** Pure. */
import { invisible, quoted, type Refusal } from './problem.ts';
import { wordDamage } from './values/kernel-argument.ts';
import { type Parsed, refuse } from './values/values.ts';

/** Devices ubda … ubdp (facts of the kernel: arch/um/drivers/ubd_kern.c, MAX_DEV). */
export const ubdUnits = 16;
/** Partitions of one ubd device (UBD_SHIFT = 4, the first minor is the whole device). */
const ubdPartitions = 15;

/** A directory of the host. */
export function parseHostDirectory(text: string): Parsed<string> {
  const path = text.length > 1 && text.endsWith('/') ? text.slice(0, -1) : text;
  const damage = hostPathDamage(path);
  if (damage) return damage;
  return { value: path };
}

/** What is wrong with a directory of umlmon that the environment names, and no file. */
export function usualPlaceRefusal(key: string, why: Refusal): Refusal {
  const variables = key === 'rundir' ? 'XDG_RUNTIME_DIR' : 'HOME or XDG_STATE_HOME';
  const write = `write another place as ${key} in [GLOBAL] of the configuration`;
  if (why.cause !== emptyPath) return { ...why, hint: `it comes from ${variables}: ${write}` };
  const cause = 'there is no usual place, as this user has no home directory: no HOME, and no account';
  return { ...why, cause, hint: `set HOME, or ${write}` };
}

/** The same, or '' for none. */
export function parseOptionalDirectory(text: string): Parsed<string> {
  return text === '' ? { value: '' } : parseHostDirectory(text);
}

/** A kernel file or kernel directory as the jail sees it. */
export function parseKernelPath(text: string): Parsed<string> {
  const damage = hostPathDamage(text) ?? placeDamage(text, ['/shared/kernels/'], 'kernels');
  return damage ?? { value: text };
}

/** The device that the guest mounts as its root. */
export interface RootDevice {
  readonly unit: number;
  /** 0 is the whole device. */
  readonly partition: number;
  /** As the argument `root=` needs it. */
  readonly device: string;
}

/** `ubda`, `ubdb1`, `/dev/ubda`. */
export function parseRootDevice(text: string): Parsed<RootDevice> {
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

/** Why a path cannot be one of the jail: blanks separate the arguments of the kernel. */
export function pathDamage(path: string): Refusal | undefined {
  if (path.startsWith('/') && /\s/u.test(path))
    return refusePath(
      `${quoted(path)} contains a blank, which separates arguments of the kernel`,
      'rename the file or directory',
    );
  return hostPathDamage(path);
}

/** Why a path cannot be one of the host: those of umlmon are shown, and begin at the root directory. */
function hostPathDamage(path: string): Refusal | undefined {
  if (path === '') return refusePath(emptyPath, 'write a path that begins with /');
  if (!path.startsWith('/')) return refusePath(`${quoted(path)} is not an absolute path`, 'begin with /');
  if (path === '/') return refusePath('the root directory is not allowed here');
  // The lines of a configuration have none; a client may send any.
  if (path.search(invisible) >= 0)
    return refusePath(`${quoted(path)} contains an invisible character`, 'rename the file or directory');
  if (path.includes('\ufffd'))
    return refusePath(`${quoted(path)} is not in UTF-8`, 'rename the file or directory');
  for (const part of path.slice(1).split('/')) {
    if (part === '' || part === '.' || part === '..')
      return refusePath(
        `${quoted(path)} is not in its plain form`,
        "write the path without '//', '.', '..' and a '/' at the end",
      );
    if (Buffer.byteLength(part) > 255) return refusePath('a part of the path is longer than 255 bytes');
  }
  return undefined;
}

/** Why a path cannot be on the command line of the kernel. */
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
    `${quoted(path)} is not a place for ${what}`,
    `${what} are under ${places.join(' or ')} (as the jail sees them)`,
  );
}

export function refusePath(cause: string, hint = ''): Refusal {
  return refuse(cause, hint, 'CONFIG_PATH');
}

/** A program of the host by its absolute path, or '' for none. */
export function parseHook(text: string): Parsed<string> {
  if (text === '') return { value: '' };
  return parseHostDirectory(text);
}

/** A file of the host by its absolute path, or '' for none. */
export const parseOptionalFile = parseHook;
