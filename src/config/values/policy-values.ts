/** The values of the keys about restarts, hangs, pauses, syncs and limits. */
import { monitorLimits } from '../../system/limits/limits.ts';
import { quoted } from '../problem.ts';
import { durationParser, integerParser, type ParsedValue, refuse, sizeParser } from './values.ts';

/** More unexpected exits than this within the window end the restarts; null: no limit. */
export interface RestartLimit {
  readonly deaths: number;
  readonly windowMs: number;
}

const parseDeaths = integerParser(1, monitorLimits.deathsKept);
const parseWindow = durationParser({ min: '1s', max: '24h' });

/** `5 in 10m`, or `off` (null). */
export function parseRestartLimit(text: string): ParsedValue<RestartLimit | null> {
  if (text === 'off') return { value: null };
  const match = /^(\d+)[ \t]+in[ \t]+(\S+)$/.exec(text);
  if (!match) return refuse(`${quoted(text)} is not a limit of restarts`, 'as in 5 in 10m, or off');
  const deaths = parseDeaths(match[1] ?? '');
  if ('cause' in deaths) return deaths;
  const windowMs = parseWindow(match[2] ?? '');
  if ('cause' in windowMs) return windowMs;
  return { value: { deaths: deaths.value, windowMs: windowMs.value } };
}

const parseInterval = durationParser({ min: '1s', max: '1h' });
const parsePause = durationParser({ min: '1s', max: '24h' });

/** A duration in milliseconds, or `off` (0). */
export function parseHangCheck(text: string): ParsedValue<number> {
  return text === 'off' ? { value: 0 } : parseInterval(text);
}

/** A duration in milliseconds, or `off` (0). */
export const parseSyncInterval = parseHangCheck;

/** A duration in milliseconds, or `off` (0). */
export function parsePauseLimit(text: string): ParsedValue<number> {
  return text === 'off' ? { value: 0 } : parsePause(text);
}

const MiB = 1024 ** 2;
const parseMemory = sizeParser({ min: 96 * MiB, max: 128 * 1024 * MiB, step: MiB });

/** Bytes, or `off` (0). */
export function parseMemoryMax(text: string): ParsedValue<number | 'auto'> {
  if (text === 'auto') return { value: text };
  return text === 'off' ? { value: 0 } : parseMemory(text);
}
