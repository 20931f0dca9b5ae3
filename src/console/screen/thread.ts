import type { Worker } from 'node:worker_threads';
import { consoleLimits } from '../../system/limits/limits.ts';
import type { ScreenAnswer, ScreenRequest } from './protocol.ts';

interface Question {
  readonly resolve: (answer: ScreenAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** The thread of an emulator, which answers one request after the other. */
export class ScreenThread {
  readonly #worker: Worker;
  #questions: Question[] = [];
  #timer: NodeJS.Timeout | undefined;
  hasEnded = false;

  /** @param program the bundle of worker.ts */
  constructor(program: string) {
    const limits = { maxOldGenerationSizeMb: consoleLimits.screenHeapMiB, maxYoungGenerationSizeMb: 2 };
    // Loaded when it is needed: 0.4 MiB that an idle monitor does not have.
    const threads = process.getBuiltinModule('node:worker_threads');
    this.#worker = new threads.Worker(program, { resourceLimits: limits, env: {}, stdin: false });
    this.#worker.on('message', (answer: ScreenAnswer) => {
      this.#questions.shift()?.resolve(answer);
      this.#watch();
    });
    this.#worker.on('error', (error) => this.end(`the emulator failed: ${error.message}`));
    this.#worker.on('exit', () => this.end('the emulator exited'));
    this.#worker.unref();
  }

  ask(request: ScreenRequest): Promise<ScreenAnswer> {
    return new Promise((resolve, reject) => {
      this.#questions.push({ resolve, reject });
      this.#worker.postMessage(request);
      if (this.#questions.length === 1) this.#watch();
    });
  }

  end(why: string): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    clearTimeout(this.#timer);
    for (const { reject } of this.#questions) reject(new Error(why));
    this.#questions = [];
    void this.#worker.terminate();
  }

  /** Each answer has its own time. */
  #watch(): void {
    clearTimeout(this.#timer);
    if (this.#questions.length === 0) return;
    this.#timer = setTimeout(() => this.end('the emulator took too long'), consoleLimits.screenTime);
  }
}
