import type { Socket } from 'node:net';
import { RecordError } from './record.ts';

const MARK_BYTES = 4;
const LAST_FRAGMENT = 0x80000000;

/**
 * Reads one record of one fragment (RFC 5531 section 11) from the start of a stream, and leaves the stream paused with
 * all following bytes unread.
 *
 * @param maxBytes largest record; a larger one is refused at its mark
 * @throws RecordError if the stream is malformed or ends; the error of the socket; the reason of `signal`
 */
export function takeFirstRecord(socket: Socket, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let seen = Buffer.alloc(0);
    const finish = (settle: () => void) => {
      socket.pause();
      socket.off('data', onData).off('end', onEnd).off('close', onEnd).off('error', onError);
      signal.removeEventListener('abort', onAbort);
      settle();
    };
    const fail = (error: unknown) => finish(() => reject(error));
    const onData = (chunk: Buffer) => {
      seen = Buffer.concat([seen, chunk]);
      if (seen.length < MARK_BYTES) return;
      const mark = seen.readUInt32BE();
      const end = MARK_BYTES + (mark % LAST_FRAGMENT);
      if (mark < LAST_FRAGMENT || end > MARK_BYTES + maxBytes)
        fail(new RecordError(`no record of at most ${maxBytes} bytes`));
      else if (seen.length >= end)
        finish(() => {
          if (seen.length > end) socket.unshift(seen.subarray(end));
          resolve(seen.subarray(MARK_BYTES, end));
        });
    };
    const onEnd = () => fail(new RecordError('the connection has ended'));
    const onError = (error: Error) => fail(error);
    const onAbort = () => fail(signal.reason);
    socket.on('data', onData).on('end', onEnd).on('close', onEnd).on('error', onError);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    else socket.resume();
  });
}
