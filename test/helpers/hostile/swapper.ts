import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { nobody } from '../programs/world.ts';

/** By system calls alone; each state lasts for a random part of its milliseconds. */
const program = `
const { renameSync, symlinkSync, unlinkSync } = require('node:fs');
const [name, target, real, link] = process.argv.slice(1);
const cell = new Int32Array(new SharedArrayBuffer(4));
const stay = (ms) => ms > 0 && Atomics.wait(cell, 0, 0, Math.random() * ms);
process.stdout.write('swaps\\n');
for (;;)
  try {
    stay(real);
    renameSync(name, name + '.away');
    symlinkSync(target, name);
    stay(link);
    unlinkSync(name);
    renameSync(name + '.away', name);
  } catch {}
`;

export interface SwapTimes {
  /** Milliseconds, at most, for which the path is what it should be. */
  readonly real: number;
  /** Milliseconds, at most, for which it is the link. */
  readonly link: number;
}

/**
 * A user of a VM that swaps an own directory or file for a link, and back, all the time.
 *
 * @param uid 0 where only root may do that
 */
export class Swapper {
  readonly #path: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  static async start(
    path: string,
    target: string,
    times: SwapTimes = { real: 0, link: 0 },
    uid = nobody,
  ): Promise<Swapper> {
    const swapper = new Swapper(path, target, times, uid);
    await new Promise((resolve, reject) => {
      swapper.#child.stdout?.once('data', resolve);
      swapper.#child.once('exit', (status) => reject(new Error(`the swapper ended with ${status}`)));
    });
    return swapper;
  }

  private constructor(path: string, target: string, { real, link }: SwapTimes, uid: number) {
    this.#path = path;
    this.#child = spawn(process.execPath, ['-e', program, '--', path, target, `${real}`, `${link}`], {
      uid,
      gid: uid,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#ended = new Promise((resolve) => this.#child.once('exit', resolve));
  }

  /** The path is what it should be then. */
  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
    const away = `${this.#path}.away`;
    if (!existsSync(away)) return;
    rmSync(this.#path, { force: true });
    renameSync(away, this.#path);
  }
}
