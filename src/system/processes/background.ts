/** How a monitor moves to the background and reports the result to the program that started it. */

import { spawn } from 'node:child_process';
import { closeSync, writeSync } from 'node:fs';
import { daemonEnvironment } from '../environment.ts';
import { type Failure, isErrorCode, isSystemError, UmlmonError } from '../errors/errors.ts';
import { setCloseOnExec } from '../native/native.ts';

/** The descriptor on which a background monitor reports to the one that started it. */
const reportFd = 3;
/** Names the descriptor to the background process; no other program sets it. */
const reportVariable = 'UMLMON_REPORT_FD';
/** A report is one line; a longer one is invalid. */
const reportMax = 64 * 1024;

export interface Started {
  readonly pid: number;
  readonly warnings: readonly string[];
}

type Report = { readonly ready: Started } | { readonly failed: Failure };

/**
 * Starts a monitor as a process without terminal, in a session of its own, and waits until it serves or has failed.
 * It outlives us. Errors: what the background monitor reports, HOST_SYSTEM_CALL.
 */
export async function startInBackground([program = '', ...argv]: readonly string[]): Promise<Started> {
  const child = spawn(program, argv, {
    detached: true,
    cwd: '/',
    env: { ...daemonEnvironment(process.env), [reportVariable]: String(reportFd) },
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const pipe = child.stdio[reportFd];
  if (!pipe || !('on' in pipe)) throw new Error('no pipe for the report');
  // Without it, a program that cannot be run would end this one.
  const failed = new Promise<never>((_resolve, reject) => child.once('error', reject));
  const text = await Promise.race([failed, readReport(pipe as AsyncIterable<Buffer>)]);
  child.unref();
  const report = parseReport(text);
  if (report && 'ready' in report) return report.ready;
  if (report)
    throw new UmlmonError(isErrorCode(report.failed.code) ? report.failed.code : 'INTERNAL', report.failed);
  throw new UmlmonError('INTERNAL', {
    place: 'background monitor',
    cause: 'it exited before it could report why',
    hint: 'run it in the foreground: umlmon -fg VM',
  });
}

async function readReport(pipe: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  for await (const chunk of pipe) {
    text += chunk.toString();
    if (text.includes('\n') || text.length > reportMax) break;
  }
  return text;
}

/** In the background process: the function that reports to the starter, once. In any other process: nothing. */
export function openReport(): ((report: Report) => void) | undefined {
  const fd = Number(process.env[reportVariable]);
  delete process.env[reportVariable];
  if (fd !== reportFd) return undefined;
  setCloseOnExec(fd, true);
  return (report) => {
    try {
      writeSync(fd, `${JSON.stringify(report)}\n`);
    } catch (error) {
      // Who started us has not waited for the answer.
      if (!isSystemError(error) || error.code !== 'EPIPE') throw error;
    } finally {
      closeSync(fd);
    }
  };
}

function parseReport(text: string): Report | undefined {
  try {
    return JSON.parse(text) as Report;
  } catch {
    return undefined;
  }
}
