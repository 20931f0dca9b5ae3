import { type FileHandle, open } from 'node:fs/promises';
import { consoleLimits } from '../../system/limits/limits.ts';
import { isSameProcess, type ProcessIdentity } from '../../system/native/process.ts';
import { vmallocPieces } from './ram-map.ts';
import { type LineBuffers, readBuffers, searchBuffers } from './search-memory.ts';

type Look = (memory: FileHandle) => Promise<LineBuffers | undefined>;

/**
 * The input buffers of the terminals of a guest, read from the memory of its kernel (proc_pid_mem(5)). Nothing is kept
 * open, so that memory which the kernel gives back is free at once.
 *
 * The memory belongs to the guest: it may hold anything. A guest can mislead its own monitor about its own terminals, and
 * make it search: see searchedBytes, searchedMapBytes and bufferCandidates for how much. The reads happen in helper
 * threads, one at a time, for whatever the memory is mapped from.
 */
export class GuestTerminals {
  readonly #kernel: ProcessIdentity;
  #last: Promise<unknown> = Promise.resolve();

  constructor(kernel: ProcessIdentity) {
    this.#kernel = kernel;
  }

  /**
   * Everything that may be an input buffer and has received something: those of terminals, and some memory that looks like
   * one. Undefined where the memory may not be read, because this process may not trace the kernel (ptrace(2)), or where
   * the memory is too large to search.
   */
  all(): Promise<LineBuffers | undefined> {
    return this.#inTurn(async (memory) => {
      const maps = await readMaps(this.#kernel.pid, consoleLimits.searchedMapBytes);
      return maps === undefined ? undefined : searchBuffers(memory, vmallocPieces(maps));
    });
  }

  /** Those at these addresses that are still there; undefined as above. */
  some(addresses: Iterable<number>): Promise<LineBuffers | undefined> {
    return this.#inTurn((memory) => readBuffers(memory, addresses));
  }

  #inTurn(look: Look): Promise<LineBuffers | undefined> {
    const turn = this.#last.then(() => this.#look(look));
    this.#last = turn;
    return turn;
  }

  async #look(look: Look): Promise<LineBuffers | undefined> {
    let memory: FileHandle | undefined;
    try {
      memory = await open(`/proc/${this.#kernel.pid}/mem`, 'r');
      // The number may be another process's by now; what is open stays what it is.
      return isSameProcess(this.#kernel) ? await look(memory) : new Map();
    } catch (error) {
      // It has exited, is restarting, or shows invalid data: no buffers are known.
      const { code } = error as NodeJS.ErrnoException;
      return code === 'EACCES' || code === 'EPERM' ? undefined : new Map();
    } finally {
      await memory?.close();
    }
  }
}

/** The mappings of a process, as /proc/PID/maps lists them; undefined if that has more bytes than `most`. */
export async function readMaps(pid: number, most: number): Promise<string | undefined> {
  const file = await open(`/proc/${pid}/maps`, 'r');
  try {
    const pieces: Buffer[] = [];
    for (let total = 0; total <= most; ) {
      // The kernel gives a page at a time.
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(8192), 0, 8192);
      if (bytesRead === 0) return Buffer.concat(pieces).toString('latin1');
      pieces.push(buffer.subarray(0, bytesRead));
      total += bytesRead;
    }
    return undefined;
  } finally {
    await file.close();
  }
}
