/** Pure. */
import { type ErrorCode, UmlmonError } from '../system/errors/errors.ts';
import { configLimits } from '../system/limits/limits.ts';

/** One error or warning of the configuration. Unknown text is '', an unknown line is 0. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly code: ErrorCode;
  readonly file: string;
  readonly line: number;
  readonly section: string;
  readonly key: string;
  readonly cause: string;
  readonly hint: string;
}

/** Where a setting was written; line 0 and file '' if it was not written. */
export interface Origin {
  readonly file: string;
  readonly line: number;
  readonly section: string;
  readonly key: string;
}

/** Why a value or a setting is refused, without its place. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly cause: string;
  readonly hint: string;
}

/** A refusal with its place. Other rooms use it too, when the host lacks what a key names. */
export function problemAt(origin: Origin, why: Refusal, severity: Problem['severity'] = 'error'): Problem {
  const { file, line, section, key } = origin;
  return { severity, code: why.code, file, line, section, key, cause: why.cause, hint: why.hint };
}

/** `FILE:LINE: [SECTION] key: cause (hint: …)`; unknown parts are omitted. */
export function problemText(problem: Problem): string {
  const { severity, cause, hint } = problem;
  const place = placeText(problem);
  const kind = severity === 'warning' ? 'warning: ' : '';
  return `${place && `${place}: `}${kind}${cause}${hint && ` (hint: ${hint})`}`;
}

function placeText({ file, line, section, key }: Problem): string {
  const place = file && `${file}${line > 0 ? `:${line}` : ''}`;
  const setting = [section && `[${section}]`, key].filter(Boolean).join(' ');
  return [place, setting].filter(Boolean).join(': ');
}

/** Most problems that are read from one file or listed in one error. */
export const maxProblems = configLimits.problems;

/** All problems as one error: a single one under its own code, several with one line each, in the order given. */
export function configError(problems: readonly Problem[]): UmlmonError {
  const [only, ...others] = problems;
  if (only && others.length === 0) {
    const { code, cause, hint } = only;
    return new UmlmonError(code, { place: placeText(only), cause, hint });
  }
  const more = problems.length - maxProblems;
  const surplus = more > 0 ? [`and ${more} more`] : [];
  return new UmlmonError('CONFIG_INVALID', {
    place: 'configuration',
    cause: [...problems.slice(0, maxProblems).map(problemText), ...surplus].join('\n'),
  });
}

/** Text for a message: quoted, without control characters, at most 60 characters. */
export function quoted(text: string): string {
  const short = text.length > 60 ? `${text.slice(0, 59)}…` : text;
  return `"${short.replace(invisible, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)}"`;
}

/** Control, format (bidirectional marks, zero width) and line-separating characters. */
export const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
