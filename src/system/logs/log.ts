import { pino } from 'pino';
import { toFailure } from '../errors/errors.ts';
import { ErrorLog } from './error-log.ts';
import { journalPrefix, writesToJournal } from './journal.ts';

/** The log of a daemon: JSON lines, written synchronously, each with the name of the VM. */
export type Log = ReturnType<typeof openLog>;

/**
 * `destination` receives complete lines; it must not throw. If standard error leads to the journal, lines have the
 * priority of their level.
 *
 * @param name of the VM, or of a program without a VM
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

/** At SIGUSR1, a daemon that logs to a file on standard error reopens it by name. */
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
