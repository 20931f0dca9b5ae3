import { spawn } from 'node:child_process';
import { closeSync, writeSync } from 'node:fs';
import { type Failure, isErrorCode, isSystemError, UmlmonError } from '../system/errors.ts';

/** The descriptor on which a background monitor reports to the one that started it. */
const reportFd = 3;
/** Names the descriptor to the background process; nobody else sets it. */
const reportVariable = 'UMLMON_REPORT_FD';
/** A report is one line; what is longer is none. */
const reportMax = 64 * 1024;

export interface Started {
  readonly pid: number;
  readonly warnings: readonly string[];
}

type Report = { readonly ready: Started } | { readonly failed: Failure };

/**
 * Starts this program again as a process without terminal, in a session of its own, and waits until it serves or
 * has failed. Errors: what the background monitor reports.
 */
export async function startInBackground(argv: readonly string[]): Promise<Started> {
  const [node, program] = process.argv;
  if (!node || !program) throw new Error('no program to start');
  const child = spawn(node, [...process.execArgv, program, ...argv], {
    detached: true,
    cwd: '/',
    env: { ...process.env, [reportVariable]: String(reportFd) },
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const pipe = child.stdio[reportFd];
  if (!pipe || !('on' in pipe)) throw new Error('no pipe for the report');
  let text = '';
  for await (const chunk of pipe as AsyncIterable<Buffer>) {
    text += chunk.toString();
    if (text.includes('\n') || text.length > reportMax) break;
  }
  child.unref();
  const report = parseReport(text);
  if (report && 'ready' in report) return report.ready;
  if (report)
    throw new UmlmonError(isErrorCode(report.failed.code) ? report.failed.code : 'INTERNAL', report.failed);
  throw new UmlmonError('INTERNAL', {
    place: 'background monitor',
    cause: 'it ended before it could say why',
    hint: 'run it in the foreground: umlmon -fg VM',
  });
}

/** In the background process: the function that reports to the starter, once. In any other process: nothing. */
export function openReport(): ((report: Report) => void) | undefined {
  const fd = Number(process.env[reportVariable]);
  delete process.env[reportVariable];
  if (fd !== reportFd) return undefined;
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
