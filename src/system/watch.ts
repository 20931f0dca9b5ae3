import { koffi } from './native/koffi.ts';

export interface Interest {
  readonly readable?: boolean;
  readonly writable?: boolean;
}

export interface PollEvents {
  readonly readable: boolean;
  readonly writable: boolean;
}

export interface Watch {
  /** Changes the awaited events; with neither, the handler is not called until the next change. */
  set(interest: Interest): void;
  /** Ends the watch. Must come before the descriptor is closed. */
  close(): void;
}

interface PollHandle {
  start(interest: Interest, callback: PollCallback): void;
  stop(): void;
  close(): void;
}
type PollCallback = (status: number, events: Partial<PollEvents>) => void;
type Poll = (fd: number, interest: Interest, callback: PollCallback) => PollHandle;

/** Open watches: a handle without a reference is garbage-collected, and its events stop. */
const watches = new Set<PollHandle>();

/**
 * Calls `handler` while the descriptor is ready for the events of interest (level-triggered). An error of the
 * descriptor counts as ready for all of them: the next read or write of the handler gets the error. Keeps the process
 * alive until closed.
 *
 * It works around four properties of koffi's poll. The callback gets (status, events). Handles are kept
 * referenced. The handler runs in the check phase, where exceptions are not swallowed. Promises and
 * ticks that it starts there run at once on every version of Node.
 */
export function watch(fd: number, interest: Interest, handler: (ready: PollEvents) => void): Watch {
  let current = interest;
  const callback: PollCallback = (status, events) => {
    setImmediate(() => {
      if (!watches.has(handle)) return;
      // libuv has stopped the handle of a faulty descriptor.
      if (status < 0) arm(current);
      const readable = current.readable === true && (status < 0 || events.readable === true);
      const writable = current.writable === true && (status < 0 || events.writable === true);
      if (readable || writable) handler({ readable, writable });
    });
  };
  const handle = (koffi().node.poll as unknown as Poll)(fd, interest, callback);
  watches.add(handle);
  arm(interest);

  function arm(next: Interest): void {
    current = next;
    if (next.readable || next.writable) handle.start(next, callback);
    else handle.stop();
  }
  return {
    set(next) {
      if (watches.has(handle)) arm(next);
    },
    close() {
      if (watches.delete(handle)) handle.close();
    },
  };
}
