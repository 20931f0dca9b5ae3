import { pino } from 'pino';

/** The monitor's own log: JSON lines, written at once and in order, with the VM's name in each. */
export type Log = ReturnType<typeof openLog>;

/** `destination` takes whole lines; it must not throw. */
export function openLog(vm: string, destination: { write(line: string): void }) {
  return pino({ base: { vm }, level: process.env.UMLMON_LOG_LEVEL ?? 'info' }, destination);
}
