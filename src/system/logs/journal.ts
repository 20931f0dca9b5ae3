import { fstatSync } from 'node:fs';

/** Levels of pino, from the highest, and the priorities of syslog(3) that they are. */
const priorities = [
  [60, 2],
  [50, 3],
  [40, 4],
  [30, 6],
] as const;
const debug = 7;

/** What stands before a line on standard error so that the journal takes it with the priority of a level (sd-daemon(3)). */
export function journalPrefix(level: number): string {
  const [, priority = debug] = priorities.find(([least]) => level >= least) ?? [];
  return `<${priority}>`;
}

/** Whether a descriptor leads to the journal, as its JOURNAL_STREAM says (systemd.exec(5)): device and inode. */
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

/** The last line of a program that fails, on standard error: an error for the journal too. */
export function sayFailure(text: string): void {
  const prefix = writesToJournal(2, process.env) ? journalPrefix(50) : '';
  console.error(prefix + text);
}
