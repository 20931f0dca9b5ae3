import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { ImageStore } from '../../../src/disk/names/image-name.ts';
import { buildProgram } from '../../helpers/programs/program.ts';

/** A separate process that takes the locks of /shared/disks/base.dsk on request. */
export class Racer {
  readonly holder: string;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(store: ImageStore, holder: string, program: string, mode = 'rw') {
    this.holder = holder;
    const args = [program, holder, store.varDir, store.shared, store.holders, mode];
    this.#child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const input = this.#child.stdout;
    if (!input) throw new Error('no pipe');
    const lines: Interface = createInterface({ input });
    this.#lines = lines[Symbol.asyncIterator]();
  }

  say(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** The next answer; 'dead' if the process has ended. */
  async answer(): Promise<string> {
    const { value, done } = await this.#lines.next();
    return done ? 'dead' : value;
  }

  async kill(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}

export function buildRacer(): Promise<string> {
  return buildProgram('lock-racer', { file: 'test/disk/locks/lock-racer.ts' });
}
