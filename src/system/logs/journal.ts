import { fstatSync } from 'node:fs';

/** Levels of pino, from the highest, with their priorities of syslog(3). */
const priorities = [
  [60, 2],
  [50, 3],
  [40, 4],
  [30, 6],
] as const;
const debug = 7;

/** The prefix of a line on standard error that sets its priority in the journal (sd-daemon(3)). */
export function journalPrefix(level: number): string {
  const [, priority = debug] = priorities.find(([least]) => level >= least) ?? [];
  return `<${priority}>`;
}

/** Whether a descriptor leads to the journal: JOURNAL_STREAM has its device and inode (systemd.exec(5)). */
export function writesToJournal(fd: number, env: Readonly<Record<string, string | undefined>>): boolean {
  const stream = env.JOURNAL_STREAM;
  if (!stream) return false;
  try {
    const { dev, ino } = fstatSync(fd, { bigint: true });
    return stream === `${dev}:${ino}`;
  } catch {
    return false; // It is closed.
  }
}

/** Prints the last line of a failing program on standard error, as an error for the journal too. */
export function sayFailure(text: string): void {
  const prefix = writesToJournal(2, process.env) ? journalPrefix(50) : '';
  console.error(prefix + text);
}
