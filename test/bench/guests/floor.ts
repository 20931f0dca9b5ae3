import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { root } from './root.ts';

/** A descriptor of the kernel: its number, and `slave NAME`, `master NAME` (of a pty) or the path of a file. */
export type FloorDescriptor = readonly [fd: number, source: string];

export interface FloorStart {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Where the kernel says that it is booted. */
  readonly notify: string;
  readonly fds: readonly FloorDescriptor[];
}

type FloorAnswer = { readonly error?: string; readonly seconds?: unknown; readonly bytes?: number };

/** The baseline: one kernel at a time without a monitor, run by floor.py. `close` ends it in any case. */
export class Floor {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #lines: Interface;

  constructor() {
    this.#child = spawn('python3', [join(root, 'test/bench/guests/floor.py')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const { stdout } = this.#child;
    if (!stdout) throw new Error('no pipe from the floor');
    this.#lines = createInterface({ input: stdout });
    this.#answers = this.#lines[Symbol.asyncIterator]();
  }

  /** Seconds from before the first program's start until the guest said that it is booted. */
  async start(request: FloorStart): Promise<number> {
    return Number((await this.#ask({ do: 'start', ...request })).seconds);
  }

  async type(console: string, text: string): Promise<void> {
    await this.#ask({ do: 'type', console, text });
  }

  /** Reads until the marker was seen; seconds are from the first byte on. */
  async until(console: string, marker: string): Promise<{ seconds: number; bytes: number }> {
    const { seconds, bytes } = await this.#ask({ do: 'until', console, marker });
    return { seconds: Number(seconds), bytes: Number(bytes) };
  }

  /** Seconds of each round trip of a byte that the guest echoes. */
  async echo(console: string, count: number): Promise<number[]> {
    return (await this.#ask({ do: 'echo', console, count })).seconds as number[];
  }

  async end(): Promise<void> {
    await this.#ask({ do: 'end' });
  }

  /** At the end of its input the floor kills its kernel, and ends. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.stdin?.end();
    await ended;
    this.#lines.close();
  }

  async #ask(request: object): Promise<FloorAnswer> {
    this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error('the floor has ended');
    const answer = JSON.parse(value) as FloorAnswer;
    if (answer.error !== undefined) throw new Error(`floor: ${answer.error}`);
    return answer;
  }
}
