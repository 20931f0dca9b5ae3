import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { replaceFile } from '../files/atomic-file.ts';
import { monitorLimits } from '../limits/limits.ts';
import { printable } from '../text.ts';
import type { DaemonExit } from './daemon-exit.ts';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/** The exit record of a monitor: written when it is ready, and again when it exits. */
export interface MonitorEnd extends DaemonExit {
  readonly pid: number;
  /** Milliseconds since 1970. */
  readonly began: number;
  /** Whether the control socket answered. */
  readonly served: boolean;
  /** 0 if the monitor could not write it: SIGKILL, or a crash of the host. */
  readonly ended: number;
}

const mode = 0o640;

/** Errors: those of the system. */
export function writeMonitorEnd(path: string, end: MonitorEnd): void {
  // Not durable: after a crash of the host, the previous record suffices.
  replaceFile(path, `${JSON.stringify(end)}\n`, mode, false);
}

/** Undefined if missing or unreadable. */
export function readMonitorEnd(path: string): MonitorEnd | undefined {
  try {
    const text = readSmallFile(path);
    const { pid, began, served, ended, reason, failed, stack } = Object(JSON.parse(text)) as Record<
      string,
      unknown
    >;
    if (![pid, began, ended].every((number) => Number.isSafeInteger(number))) return undefined;
    const shown = (value: unknown) => printable(String(value ?? ''), monitorLimits.eventText);
    const times = { pid: Number(pid), began: Number(began), served: served === true, ended: Number(ended) };
    return { ...times, reason: shown(reason), failed: shown(failed), stack: shown(stack) };
  } catch {
    return undefined;
  }
}

/** Why a monitor exited unexpectedly, as text; undefined after a clean exit. */
export function badEndOf({ ended, failed }: MonitorEnd): string | undefined {
  if (ended === 0) return 'it was killed, ran out of memory, or the host went down';
  return failed || undefined;
}

/** Errors: those of the system; Error if it is not a regular file or is too large. */
function readSmallFile(path: string): string {
  const fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > monitorLimits.runRecordBytes) throw new Error('no exit record');
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}
