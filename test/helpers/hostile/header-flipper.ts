import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** A process that changes the backing path in the header of a COW file all the time, as a hostile guest's kernel may. */
export class HeaderFlipper {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** @param directory for the program */
  static start(
    directory: string,
    cow: string,
    {
      uid,
      size,
      mtime,
      paths,
    }: {
      readonly uid: number;
      readonly size: number;
      readonly mtime: number;
      readonly paths: readonly string[];
    },
  ): HeaderFlipper {
    const program = join(directory, 'header-flipper');
    execFileSync('gcc', ['-O1', '-o', program, join(import.meta.dirname, 'header-flipper.c')]);
    const args = [cow, String(uid), String(size), String(mtime), ...paths];
    return new HeaderFlipper(spawn(program, args, { stdio: 'inherit' }));
  }

  /** Fails if it has not lived until now. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) throw new Error(`the flipper ended with ${this.#child.exitCode}`);
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}
