import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { isSystemError, UmlmonError } from '../../system/errors/errors.ts';
import { harmless } from '../../system/text.ts';
import { watch } from '../../system/watch.ts';

/** Who read our output has gone (`umlwatch … | head -1`). */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed';
}

/** Exit status of a program that wrote to a pipe without a reader: 128 + SIGPIPE, as a shell shows it. */
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

/**
 * Work that prints as things happen, until its signal. When the reader of a pipe has gone, it ends at once and not with
 * the next thing to print. Errors: OutputClosed, those of the work.
 */
export async function whileRead<R>(
  signal: AbortSignal | undefined,
  work: (ending: AbortSignal) => Promise<R>,
): Promise<R> {
  const ending = new AbortController();
  const forget = watchReader(() => ending.abort(new OutputClosed()));
  // Not AbortSignal.any: on Node 20 the garbage collection may take what joins the two.
  const end = () => ending.abort(signal?.reason);
  if (signal?.aborted) end();
  signal?.addEventListener('abort', end);
  try {
    return await work(ending.signal);
  } finally {
    signal?.removeEventListener('abort', end);
    forget();
  }
}

/** Calls `onGone` when standard output is a pipe whose last reader has closed it. */
function watchReader(onGone: () => void): () => void {
  if (!fstatSync(process.stdout.fd).isFIFO()) return () => undefined;
  let fd: number;
  try {
    // A descriptor of our own: the event loop has one watcher for each.
    fd = openSync(`/proc/self/fd/${process.stdout.fd}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return () => undefined; // A pipe of another user; then the next thing to print meets the error.
  }
  // The writing end of a pipe is never readable; it has a fault when there are no readers (pipe(7), poll(2)).
  const readers = watch(fd, { readable: true }, () => {
    readers.set({});
    onGone();
  });
  return () => {
    readers.close();
    closeSync(fd);
  };
}

/** One line, or several, of text or of JSON; it is made safe to show. */
export function print(text: string): Promise<void> {
  return write(`${harmless(text)}\n`);
}
