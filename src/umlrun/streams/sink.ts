import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { isSystemError } from '../../system/errors/errors.ts';

/** One of our own outputs. */
export interface Sink {
  /** False if the output is full for now; `onRoom` is called when it has room again. */
  write(bytes: Uint8Array): boolean;
  /** Resolves when the system has everything. */
  idle(): Promise<void>;
}

export interface SinkEvents {
  onRoom(): void;
  /** The reader is gone, or the disk is full. */
  onClosed(): void;
}

/**
 * The output with this number. A pipe is written without blocking, so that signals are handled even if its reader is
 * slow. It is opened again, because other processes may share the descriptor that we inherited.
 */
export function openSink(fd: number, events: SinkEvents): Sink {
  const stat = fstatSync(fd);
  if (stat.isFIFO()) {
    const own = reopen(fd);
    return streamSink(new Socket({ fd: own ?? fd, readable: false, writable: true }), events);
  }
  if (stat.isSocket()) return streamSink(new Socket({ fd, readable: false, writable: true }), events);
  return plainSink(fd, events);
}

function reopen(fd: number): number | undefined {
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return undefined; // A pipe of another user.
  }
}

function streamSink(socket: Socket, { onRoom, onClosed }: SinkEvents): Sink {
  let closed = false;
  let underWay = 0;
  let whenIdle: () => void = () => undefined;
  const settle = () => {
    if (closed || underWay === 0) whenIdle();
  };
  socket.on('drain', onRoom);
  socket.once('error', () => {
    closed = true;
    onClosed();
    onRoom();
    settle();
  });
  return {
    write: (bytes) => {
      if (closed) return true;
      underWay++;
      // What was read from the guest is only valid until the next read.
      return socket.write(Buffer.from(bytes), () => {
        underWay--;
        settle();
      });
    },
    idle: () =>
      new Promise((resolve) => {
        whenIdle = resolve;
        settle();
      }),
  };
}

/** A file or a terminal. */
function plainSink(fd: number, { onClosed }: SinkEvents): Sink {
  let closed = false;
  return {
    write: (bytes) => {
      for (let done = 0; !closed && done < bytes.length; )
        try {
          done += writeSync(fd, bytes, done);
        } catch (error) {
          if (isSystemError(error) && error.code === 'EAGAIN') pause();
          else {
            closed = true;
            onClosed();
          }
        }
      return true;
    },
    idle: () => Promise.resolve(),
  };
}

/** Another process has made the shared terminal non-blocking. */
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}
