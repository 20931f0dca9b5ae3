/** A thread beside the fuzzer: an input that takes too long ends the run, since the fuzzer cannot end it itself. */
import { rmSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { workerData } from 'node:worker_threads';
import { type CurrentInput, readCurrent } from './current-input.ts';
import { failureLines } from './failure.ts';

export interface WatchdogData {
  readonly shared: CurrentInput;
  readonly seed: number;
  readonly targets: readonly string[];
  /** Removed before the process is killed. */
  readonly directory: string;
  /** Milliseconds that one input may take. */
  readonly limitMs: number;
}

const { shared, seed, targets, directory, limitMs } = workerData as WatchdogData;

let seen = -1;
let since = performance.now();
for (;;) {
  await delay(Math.min(500, limitMs / 4));
  const { tick, busy, number, target, input } = readCurrent(shared);
  if (tick !== seen || !busy) {
    seen = tick;
    since = performance.now();
  } else if (performance.now() - since > limitMs) {
    const error = new Error(`a hang: no end within ${limitMs / 1000} s`);
    const lines = failureLines({ seed, number, target: targets[target] ?? '?', input, error });
    writeSync(2, `${lines.join('\n')}\n`);
    rmSync(directory, { recursive: true, force: true });
    process.kill(process.pid, 'SIGKILL');
  }
}
