/** What bubblewrap reports through --json-status-fd, kept in a file so that a later monitor can read it. */
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { isSystemError } from '../system/errors/errors.ts';
import { jailLimits } from '../system/limits/limits.ts';

export interface SandboxStatus {
  /** Host pid of the jail's PID 1; present as soon as it exists. */
  readonly initPid?: number;
  /** The kernel's exit status, 128 + N after signal N; present only if the kernel was started and has ended. */
  readonly exitStatus?: number;
}

/** Two short lines are all that bubblewrap writes. */
const STATUS_MAX = jailLimits.statusBytes;

/**
 * An empty status file for bubblewrap, with space reserved for all that it writes. On a full disk bubblewrap would exit,
 * and leave a kernel that no record names. The caller closes it. Errors: those of the system, ENOSPC among them.
 */
export function openStatus(path: string): number {
  const { O_CREAT, O_NOFOLLOW, O_TRUNC, O_WRONLY } = constants;
  const fd = openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
  try {
    const blank = Buffer.alloc(STATUS_MAX, '\n');
    if (writeSync(fd, blank, 0, blank.length, 0) < blank.length)
      throw new Error('ENOSPC: no space left on device');
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** The status in a file; nothing if there is no such file. */
export function readStatus(path: string): SandboxStatus {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return {};
    throw error;
  }
  try {
    const bytes = Buffer.alloc(STATUS_MAX);
    return parseStatus(bytes.toString('utf8', 0, readSync(fd, bytes, 0, STATUS_MAX, 0)));
  } finally {
    closeSync(fd);
  }
}

/** bubblewrap writes one JSON object after the other; a line that is not yet complete counts for nothing. */
export function parseStatus(text: string): SandboxStatus {
  const numberOf = (name: string): number | undefined => {
    const found = new RegExp(`^\\{[^{}\\n]*"${name}": *(\\d{1,10})\\b[^{}\\n]*\\}$`, 'm').exec(text);
    return found?.[1] === undefined ? undefined : Number(found[1]);
  };
  const initPid = numberOf('child-pid');
  const exitStatus = numberOf('exit-code');
  return {
    ...(initPid === undefined ? {} : { initPid }),
    ...(exitStatus === undefined ? {} : { exitStatus }),
  };
}
