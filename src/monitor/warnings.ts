import { configError, type Problem } from '../config/problem.ts';
import type { LogChange } from '../console/log.ts';
import { failureText, toFailure, UmlmonError } from '../system/errors/errors.ts';
import { monitorLimits } from '../system/limits/limits.ts';
import { type SecurityFileChange, securityFileText } from '../system/logs/security-file.ts';
import { shellWord } from '../system/shell-word.ts';
import type { EventLog } from './events/event-log.ts';

/** The warnings of a VM: published as events, and counted. */
export class Warnings {
  count = 0;
  /** The text of the last one, or ''. */
  last = '';
  readonly #vm: string;
  readonly #events: Pick<EventLog, 'publish'>;

  constructor(vm: string, events: Pick<EventLog, 'publish'>) {
    this.#vm = vm;
    this.#events = events;
  }

  /** May be handed on without its object. */
  readonly report = (error: unknown, what = this.#vm): void => {
    const failure = toFailure(error, what);
    const text = failureText(failure);
    this.count += 1;
    this.last = text.slice(0, monitorLimits.eventText);
    this.#events.publish('warning', text, { code: failure.code, place: failure.place });
  };

  /** The warnings of a plan. */
  warn(problems: readonly Problem[]): void {
    for (const problem of problems) this.report(configError([problem]));
  }

  /** Does optional work: a failure, e.g. on a full disk, is reported. */
  attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.report(error);
    }
  }

  /** The file of security events cannot be written, or can be again. */
  readonly securityChanged = (change: SecurityFileChange, path: string): void => {
    const cause = securityFileText(change);
    if ('missing' in change) {
      this.#events.publish('log-resumed', `${path}: ${cause}`, { path, missing: change.missing });
      return;
    }
    const hint = `check the file and its file system: ls -l ${shellWord(path)}; df ${shellWord(path)}`;
    this.report(new UmlmonError('HOST_LOG', { place: path, cause, hint }));
  };

  /** A log cannot be written, or can be again. */
  logChanged(path: string, change: LogChange): void {
    if ('missing' in change) {
      const text = `${path} is written again; ${change.missing} bytes are missing in it`;
      this.#events.publish('log-resumed', text, { path, missing: change.missing });
    } else
      this.report(
        new UmlmonError('HOST_LOG', {
          place: path,
          cause: `the log cannot be written: ${change.failed}`,
          hint: 'writing continues automatically, with a note of the missing bytes',
        }),
      );
  }
}
