import { configError, type Problem } from '../config/problem.ts';
import type { LogChange } from '../console/log.ts';
import { failureText, toFailure, UmlmonError } from '../system/errors/errors.ts';
import { monitorLimits } from '../system/limits/limits.ts';
import { type SecurityFileChange, securityFileText } from '../system/logs/security-file.ts';
import { shellWord } from '../system/shell-word.ts';
import type { EventLog } from './events/event-log.ts';

/** What went wrong without ending anything: said as events, and counted. */
export class Troubles {
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
    this.#events.publish('trouble', text, { code: failure.code, place: failure.place });
  };

  /** What is unusual about a start. */
  warn(problems: readonly Problem[]): void {
    for (const problem of problems) this.report(configError([problem]));
  }

  /** Does what the VM can do without: if it fails, e.g. on a full disk, that is reported. */
  attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.report(error);
    }
  }

  /** Security events cannot be recorded, or can again. */
  readonly securityChanged = (change: SecurityFileChange, path: string): void => {
    const cause = securityFileText(change);
    if ('missing' in change) {
      this.#events.publish('log-resumed', `${path}: ${cause}`, { path, missing: change.missing });
      return;
    }
    const hint = `look at the file and its file system: ls -l ${shellWord(path)}; df ${shellWord(path)}`;
    this.report(new UmlmonError('HOST_LOG', { place: path, cause, hint }));
  };

  /** A log cannot be written, or can again. */
  logChanged(path: string, change: LogChange): void {
    if ('missing' in change) {
      const text = `${path} is written again; ${change.missing} bytes are missing in it`;
      this.#events.publish('log-resumed', text, { path, missing: change.missing });
    } else
      this.report(
        new UmlmonError('HOST_LOG', {
          place: path,
          cause: `the log cannot be written: ${change.failed}`,
          hint: 'it goes on by itself, with a note of how much is missing',
        }),
      );
  }
}
