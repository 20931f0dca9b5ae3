import { pino } from 'pino';
import { toFailure } from '../errors/errors.ts';
import { ErrorLog } from './error-log.ts';
import { journalPrefix, writesToJournal } from './journal.ts';

/** The own log of a daemon: JSON lines, written at once and in order, with the name of its VM in each. */
export type Log = ReturnType<typeof openLog>;

/**
 * `destination` takes whole lines; it must not throw. Lines on a standard error that is the journal's have its priority
 * of their level.
 *
 * @param name of the VM; or of the program, where there is no VM
 */
export function openLog(
  name: string,
  destination: { write(line: string): void },
  what: 'vm' | 'program' = 'vm',
) {
  const toJournal = destination instanceof ErrorLog && writesToJournal(2, process.env);
  const into = toJournal ? withPriority(destination) : destination;
  return pino({ base: { [what]: name }, level: process.env.UMLMON_LOG_LEVEL ?? 'info' }, into);
}

function withPriority(destination: { write(line: string): void }) {
  return {
    write: (line: string) =>
      destination.write(journalPrefix(Number(/^\{"level":(\d+)/.exec(line)?.[1])) + line),
  };
}

/** At SIGUSR1, a daemon that logs to standard error goes on in the file that has the name now. */
export function reopenAtSignal(file: { reopen(): void }, log: Log): void {
  process.on('SIGUSR1', () => {
    try {
      file.reopen();
      log.info('SIGUSR1: the log is opened again');
    } catch (error) {
      log.error(toFailure(error), 'the log cannot be opened again');
    }
  });
}
