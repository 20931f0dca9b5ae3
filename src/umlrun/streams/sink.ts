import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { isSystemError } from '../../system/errors/errors.ts';

/** One of our own outputs. */
export interface Sink {
  /** False if the output has enough for now; `onRoom` tells when there is room again. */
  write(bytes: Uint8Array): boolean;
  /** Resolves when the system has everything. */
  idle(): Promise<void>;
}

export interface SinkEvents {
  onRoom(): void;
  /** Nobody reads any more, or the disk is full. */
  onClosed(): void;
}

/**
 * The output with this number. A pipe is written without waiting, so that a reader who is slow does not keep signals
 * from being obeyed; through a description of our own, because others may share the one that we were given.
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

/** Somebody has made the terminal that we share non-blocking. */
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}
