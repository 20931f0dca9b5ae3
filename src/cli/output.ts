import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { isSystemError, UmlmonError } from '../system/errors.ts';

/** Who read our output has gone (`umlwatch … | head -1`). */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed';
}

/** Exit status of a program that wrote to a pipe nobody reads: 128 + SIGPIPE, as a shell shows it. */
export const brokenPipeStatus = 141;

/** Errors of the output streams come from each write below; without a listener they would end the program. */
export function watchOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

/** Writes to standard output; done when the system has taken it, so that a slow reader slows us down. */
export async function write(bytes: Uint8Array | string): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  } catch (error) {
    const code = isSystemError(error) ? error.code : undefined;
    // EIO: the terminal is gone. ERR_STREAM_DESTROYED has no syscall: after one of the others.
    if (code === 'EPIPE' || code === 'EIO' || !isSystemError(error)) throw new OutputClosed();
    throw new UmlmonError('HOST_SYSTEM_CALL', { place: 'standard output', cause: error.message });
  }
}

/** Milliseconds after which a word that waits for more to print notices that nobody reads it. */
const readerCheckMs = 500;

/**
 * Work that prints as things happen, until its signal. When the reader of a pipe has gone, it ends soon and not with
 * the next thing to print. Errors: OutputClosed, those of the work.
 */
export async function whileRead<R>(
  signal: AbortSignal | undefined,
  work: (ending: AbortSignal) => Promise<R>,
): Promise<R> {
  const gone = new AbortController();
  const isPipe = fstatSync(process.stdout.fd).isFIFO();
  const look = () => {
    if (!hasReader()) gone.abort(new OutputClosed());
  };
  const timer = isPipe ? setInterval(look, readerCheckMs) : undefined;
  try {
    return await work(signal ? AbortSignal.any([signal, gone.signal]) : gone.signal);
  } finally {
    clearInterval(timer);
  }
}

/** Whether somebody has the other end of standard output, a pipe, open: otherwise it cannot be opened again (fifo(7)). */
function hasReader(): boolean {
  try {
    closeSync(openSync(`/proc/self/fd/${process.stdout.fd}`, constants.O_WRONLY | constants.O_NONBLOCK));
    return true;
  } catch (error) {
    return !isSystemError(error) || error.code !== 'ENXIO';
  }
}

/** One line, or several. */
export function print(text: string): Promise<void> {
  return write(`${text}\n`);
}
