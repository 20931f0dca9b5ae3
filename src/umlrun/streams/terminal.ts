import { ReadStream, WriteStream } from 'node:tty';
import type { Size } from '../../console/pty.ts';
import { setRawMode } from '../../system/native/native.ts';
import type { Stream } from '../job.ts';

/** The first of our standard descriptors that is a terminal. */
export function terminalFd(streams: readonly Stream[]): number | undefined {
  const fd = streams.indexOf('terminal');
  return fd < 0 ? undefined : fd;
}

const usualSize: Size = { columns: 80, rows: 24 };

/** The initial window of the command. */
export function terminalSize(streams: readonly Stream[]): Size {
  const fd = terminalFd(streams);
  if (fd === undefined) return usualSize;
  const [columns, rows] = new WriteStream(fd).getWindowSize();
  // A terminal without a size reports 0 x 0, as one of `docker run -t` without a terminal of its own.
  return columns > 0 && rows > 0 ? { columns, rows } : usualSize;
}

/** Keys reach the guest as they are typed, until `restore`; no effect if standard input is not a terminal. */
export function makeRaw(): { restore: () => void } {
  const { stdin } = process;
  if (!(stdin instanceof ReadStream)) return { restore: () => undefined };
  // Node remembers the modes, but leaves line ends to the terminal; the guest's terminal has dealt with them.
  stdin.setRawMode(true);
  setRawMode(stdin.fd);
  return {
    restore: () => {
      try {
        stdin.setRawMode(false);
      } catch {
        return; // The terminal is gone: there is nothing to put back.
      }
    },
  };
}
