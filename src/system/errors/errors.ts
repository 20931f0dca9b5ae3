/**
 * Every error that umlmon reports has a code, a place (file:line, section and key, path or step), a cause and, where
 * one is known, a hint. Client, log and event get the same four fields. docs/errors.md is generated from the
 * catalogue.
 */
import { configErrors } from './catalogue/config-errors.ts';
import { consoleErrors } from './catalogue/console-errors.ts';
import { diskErrors } from './catalogue/disk-errors.ts';
import { generalErrors } from './catalogue/general-errors.ts';
import { hostErrors } from './catalogue/host-errors.ts';
import { jailErrors } from './catalogue/jail-errors.ts';
import { kernelErrors } from './catalogue/kernel-errors.ts';
import { networkErrors } from './catalogue/network-errors.ts';
import { remoteErrors } from './catalogue/remote-errors.ts';
import { vmErrors } from './catalogue/vm-errors.ts';
import { webErrors } from './catalogue/web-errors.ts';

/** Class of an error → exit status of the programs (umlwatch(1), EXIT STATUS). */
export const exitStatus = {
  /** The operation was tried and failed. */
  failed: 1,
  /** The command line is wrong; nothing was contacted. */
  usage: 2,
  /** The configuration has problems. */
  config: 3,
  /** The monitor is unreachable. */
  unreachable: 4,
  /** The VM is in the wrong state, or busy with another operation. */
  state: 5,
  /** The host lacks something that the VM needs. */
  host: 6,
  /** The VM stopped or did not start during the wait. */
  stopped: 7,
  /** The wait timed out. */
  timeout: 8,
} as const;

export type ErrorClass = keyof typeof exitStatus;

interface CatalogueEntry {
  readonly class: ErrorClass;
  readonly means: string;
}

/** The catalogue: every code with its class and its meaning, one file for each room. */
export const errorCatalogue = {
  ...generalErrors,
  ...configErrors,
  ...hostErrors,
  ...kernelErrors,
  ...diskErrors,
  ...networkErrors,
  ...jailErrors,
  ...vmErrors,
  ...consoleErrors,
  ...remoteErrors,
  ...webErrors,
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof errorCatalogue;

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCatalogue, code);
}

/** The transportable form of an error: what RPC, log and `-json` show. */
export interface Failure {
  readonly code: string;
  readonly place: string;
  readonly cause: string;
  readonly hint: string;
}

export class UmlmonError extends Error {
  override readonly name = 'UmlmonError';
  readonly code: ErrorCode;
  readonly place: string;
  readonly reason: string;
  readonly hint: string;
  /**
   * Console output to append to the cause, or ''. Only for clients that may read consoles: it must not reach events,
   * logs or the message of the error.
   */
  readonly words: string;

  constructor(code: ErrorCode, at: { place: string; cause: string; hint?: string; words?: string }) {
    const cause = withoutPath(at.cause, at.place);
    super(failureText({ code, place: at.place, cause, hint: at.hint ?? '' }));
    this.code = code;
    this.place = at.place;
    this.reason = cause;
    this.hint = at.hint ?? '';
    this.words = at.words ?? '';
  }
}

/** Node's messages for failed system calls end with the call and the path: drops that end if the place names the path. */
function withoutPath(cause: string, place: string): string {
  const [tail, path] = /, [a-z][a-z0-9]* '([^']+)'$/.exec(cause) ?? [];
  if (tail === undefined || path === undefined) return cause;
  return place !== '' && (place.includes(path) || path.endsWith(place))
    ? cause.slice(0, -tail.length)
    : cause;
}

/** "place: cause (hint: hint)", the form for terminals and logs: one line, unless the cause has several. */
export function failureText({ place, cause, hint }: Failure): string {
  const before = cause.endsWith('\n') ? '' : ' ';
  return `${place}${place && ': '}${cause}${hint && `${before}(hint: ${hint})`}`;
}

/** Any thrown value as a Failure: system errors as HOST_SYSTEM_CALL, other errors as INTERNAL. */
export function toFailure(error: unknown, place = 'umlmon'): Failure {
  if (error instanceof UmlmonError)
    return { code: error.code, place: error.place, cause: error.reason, hint: error.hint };
  if (isSystemError(error))
    return {
      code: 'HOST_SYSTEM_CALL',
      place: error.path ?? place,
      cause: withoutPath(error.message, error.path ?? place),
      hint: '',
    };
  return { code: 'INTERNAL', place, cause: error instanceof Error ? error.message : String(error), hint: '' };
}

/** The same with the console output: for clients that may read consoles. */
export function toFailureWithWords(error: unknown, place = 'umlmon'): Failure {
  const failure = toFailure(error, place);
  if (!(error instanceof UmlmonError) || error.words === '') return failure;
  return { ...failure, cause: `${failure.cause}${error.words}` };
}

/** Errors of Node's own system calls carry an errno name (`ENOENT`) in `code`. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';
}

export function exitStatusOf(code: string): number {
  return exitStatus[isErrorCode(code) ? errorCatalogue[code].class : 'failed'];
}
