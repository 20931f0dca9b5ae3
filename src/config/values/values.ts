import type { ErrorCode } from '../../system/errors/errors.ts';
import { quoted, type Refusal } from '../problem.ts';
import { didYouMean } from '../suggest.ts';
import { isAccountName } from './account-name.ts';

export type ParsedValue<T> = { readonly value: T } | Refusal;
export type Parser<T> = (text: string) => ParsedValue<T>;

export function refuse(cause: string, hint = '', code: ErrorCode = 'CONFIG_BAD_VALUE'): Refusal {
  return { code, cause, hint };
}

const sizeUnits = { K: 1024, M: 1024 ** 2, G: 1024 ** 3 } as const;

/** Sizes such as `128M`, in bytes; multiples of `step`. */
export function sizeParser(limits: { min: number; max: number; step: number }): Parser<number> {
  const { min, max, step } = limits;
  return (text) => {
    const match = /^(\d{1,12})([KMGkmg])$/.exec(text);
    if (!match) {
      const number = /^(\d{1,12})(?:[KMGkmg]i?[Bb])?$/.exec(text)?.[1];
      const unit = /[KMG]/i.exec(text)?.[0].toUpperCase() ?? 'M';
      return refuse(
        `${quoted(text)} is not a size`,
        number ? `write ${number}${unit}` : 'as in 512K, 128M, 2G',
      );
    }
    const [, digits, unit] = match;
    const value = Number(digits) * sizeUnits[(unit?.toUpperCase() ?? 'K') as keyof typeof sizeUnits];
    if (value < min) return refuse(`${text} is too small`, `at least ${sizeValue(min)}`);
    if (value > max) return refuse(`${text} is too large`, `at most ${sizeValue(max)}`);
    if (value % step !== 0) return refuse(`${text} is not a whole multiple of ${sizeValue(step)}`);
    return { value };
  };
}

/** Bytes (a multiple of 1024) as a user writes them, in the largest unit that needs no fraction: `32M`. */
export function sizeValue(bytes: number): string {
  for (const unit of ['G', 'M'] as const)
    if (bytes > 0 && bytes % sizeUnits[unit] === 0) return `${bytes / sizeUnits[unit]}${unit}`;
  return `${bytes / 1024}K`;
}

const durationUnits = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** A duration such as `30s`, in milliseconds. */
function parseDuration(text: string): ParsedValue<number> {
  const value = durationMs(text);
  if (!Number.isNaN(value)) return { value };
  const hint = /^\d{1,9}$/.test(text) ? `write ${text}s for seconds` : 'as in 500ms, 30s, 2m';
  return refuse(`${quoted(text)} is not a duration`, hint);
}

/** Durations from `min` to `max`. */
export function durationParser(limits: { min: string; max: string }): Parser<number> {
  const [min, max] = [durationMs(limits.min), durationMs(limits.max)];
  return (text) => {
    const parsed = parseDuration(text);
    if ('cause' in parsed) return parsed;
    if (parsed.value < min) return refuse(`${text} is too short`, `at least ${limits.min}`);
    if (parsed.value > max) return refuse(`${text} is too long`, `at most ${limits.max}`);
    return parsed;
  };
}

function durationMs(text: string): number {
  const match = /^(\d{1,9})(ms|s|m|h)$/.exec(text);
  return match ? Number(match[1]) * durationUnits[match[2] as keyof typeof durationUnits] : Number.NaN;
}

const booleans: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  false: false,
  no: false,
  off: false,
};

export function parseBoolean(text: string): ParsedValue<boolean> {
  const value = Object.hasOwn(booleans, text) ? booleans[text] : undefined;
  if (value !== undefined) return { value };
  return refuse(
    `${quoted(text)} is neither true nor false`,
    didYouMean(text, ['true', 'false'], 'write true or false'),
  );
}

/** One of some fixed values. */
export function wordParser<const W extends string>(words: readonly W[]): Parser<W> {
  return (text) => {
    const value = words.find((word) => word === text);
    if (value !== undefined) return { value };
    const hint = didYouMean(text, words, '');
    return refuse(`${quoted(text)} is not one of ${words.join(', ')}`, hint);
  };
}

export function integerParser(min: number, max: number): Parser<number> {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return { value };
    return refuse(`${quoted(text)} is not a whole number from ${min} to ${max}`);
  };
}

/** Name or number of a user or group of the host; '' means none. Whether it exists is checked when it is needed. */
export function accountParser(what: 'user' | 'group'): Parser<string> {
  return (text) => {
    // (uid_t)-1 means "no change" to the system calls.
    const isNumber = /^\d+$/.test(text);
    const isFit = isNumber
      ? /^(?:0|[1-9]\d*)$/.test(text) && Number(text) < 0xffff_ffff
      : isAccountName(text);
    if (text === '' || isFit) return { value: text };
    return refuse(
      `${quoted(text)} is not a valid name or number of a ${what}`,
      isNumber ? '0 to 4294967294' : 'a name as getent shows it, without colons and control characters',
    );
  };
}

/** The user of the kernel of a VM: any account except root, whose privileges a guest must not inherit. */
export function parseVmUser(text: string): ParsedValue<string> {
  if (text === 'root' || text === '0')
    return refuse('the kernel of a VM must not run as root', 'use a separate account for this VM');
  return accountParser('user')(text);
}

/** The byte that a terminal sends for `^X`. */
export function parseEscape(text: string): ParsedValue<number> {
  const key = /^\^([A-Za-z[\\\]^_])$/.exec(text)?.[1]?.toUpperCase();
  if (key === undefined) return refuse(`${quoted(text)} is not a control character`, 'as in ^] or ^A');
  if ('IJM'.includes(key)) return refuse(`every session needs the key ${text}`, 'the default is ^]');
  return { value: key.charCodeAt(0) & 0x1f };
}

export type CpuChoice = 'auto' | 'none' | readonly number[];

/** Cores of the host to pin to, ascending; `auto` and `none` unchanged. */
export function parseCpus(text: string): ParsedValue<CpuChoice> {
  if (text === 'auto' || text === 'none') return { value: text };
  const cpus = new Set<number>();
  for (const part of text.split(',')) {
    const match = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part.trim());
    const first = Number(match?.[1] ?? Number.NaN);
    const last = Number(match?.[2] ?? first);
    if (!(first <= last) || last > 4095)
      return refuse(
        `${quoted(text)} is not a list of cores`,
        didYouMean(text, ['auto', 'none'], 'as in auto, none, 2, or 0,2-3'),
      );
    for (let cpu = first; cpu <= last; cpu++) cpus.add(cpu);
  }
  return { value: [...cpus].sort((a, b) => a - b) };
}

/** con0 to con15, ssl0 to ssl63. */
export function isChannelName(text: string): boolean {
  return /^(?:con\d|con1[0-5]|ssl\d|ssl[1-5]\d|ssl6[0-3])$/.test(text);
}

/** A text in the output of a channel. */
export interface ChannelText {
  readonly channel: string;
  readonly text: string;
}

/**
 * `con0 login:`; '' is null. It is a plain text, not a regular expression: the guest controls the searched output, and
 * some expressions take exponential time on crafted output. The search for a plain text takes linear time.
 */
export function parseReadyPattern(value: string): ParsedValue<ChannelText | null> {
  if (value === '') return { value: null };
  const [, channel = '', text = ''] = /^(\S+)[ \t]+(\S.*)$/u.exec(value) ?? [];
  if (!isChannelName(channel))
    return refuse(`${quoted(value)} does not start with a channel and a blank`, 'as in con0 login:');
  if (/\p{Cc}/u.test(text) || Buffer.byteLength(text) > readyTextBytes)
    return refuse(
      'the text has control characters or is too long',
      `use a part of one line, of at most ${readyTextBytes} bytes`,
    );
  return { value: { channel, text } };
}

/** `con1`, `ssl0`; '' if not set. */
export function parseChannelName(text: string): ParsedValue<string> {
  if (text === '' || isChannelName(text)) return { value: text };
  return refuse(`${quoted(text)} is not a channel`, 'con0 to con15, or ssl0 to ssl63');
}

/** Length of a part of a line. */
const readyTextBytes = 256;

/** The host side of a console or serial line of the guest. */
export interface ChannelSpec {
  readonly log: boolean;
}

/** `off` (null), `pty`, or `pty log`. */
export function parseChannel(text: string): ParsedValue<ChannelSpec | null> {
  const words = text.split(/[ \t]+/).join(' ');
  if (words === 'off') return { value: null };
  if (words === 'pty') return { value: { log: false } };
  if (words === 'pty log') return { value: { log: true } };
  return refuse(
    `${quoted(text)} is not a console setting`,
    didYouMean(words, ['off', 'pty', 'pty log'], 'use off, pty, or pty log'),
  );
}
