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

/** One line, or several. */
export function print(text: string): Promise<void> {
  return write(`${text}\n`);
}
