import { pino } from 'pino';

/** The own log of a daemon: JSON lines, written at once and in order, with the name of its VM in each. */
export type Log = ReturnType<typeof openLog>;

/**
 * `destination` takes whole lines; it must not throw.
 *
 * @param name of the VM; or of the program, where there is no VM
 */
export function openLog(
  name: string,
  destination: { write(line: string): void },
  what: 'vm' | 'program' = 'vm',
) {
  return pino({ base: { [what]: name }, level: process.env.UMLMON_LOG_LEVEL ?? 'info' }, destination);
}
