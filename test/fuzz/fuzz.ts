import { Worker } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import { beginInput, createCurrent, endInput } from './current-input.ts';
import { failureLines } from './failure.ts';
import { createRandom, type Random } from './random.ts';
import type { Target } from './target.ts';
import type { WatchdogData } from './watchdog.ts';

export interface FuzzOptions {
  readonly targets: readonly Target[];
  readonly seed: number;
  /** Inputs in all, over all targets. */
  readonly inputs: number;
  /** Milliseconds that one input may take, whatever else the host does. */
  readonly limitMs: number;
  /** Of the targets; the watchdog removes it when it ends the process. */
  readonly directory: string;
}

interface Tally {
  inputs: number;
  taken: number;
  slowestMs: number;
  failed: boolean;
}

/** Largest input that a hang can still be reported with. */
const reportedMax = 2 ** 21;
/** Memory is looked at so many times, the first time after everything is warm. */
const marks = 10;
/** Bytes that the memory in use may grow by from the first mark to the last. */
const growthMax = 32 * 2 ** 20;

/**
 * Tries inputs on all targets, prints what it does, and resolves to whether all was well. A target that has failed is
 * left out from then on. An input depends on seed and number only, not on the inputs before.
 */
export async function fuzz({ targets, seed, inputs, limitMs, directory }: FuzzOptions): Promise<boolean> {
  console.log(`fuzz: seed ${seed}, ${inputs} inputs`);
  const current = createCurrent(reportedMax);
  const names = targets.map(({ name }) => name);
  const watchdogData: WatchdogData = { shared: current, seed, targets: names, directory, limitMs };
  const watchdog = new Worker(new URL('./watchdog.mjs', import.meta.url), { workerData: watchdogData });
  watchdog.unref();
  const tallies = targets.map((): Tally => ({ inputs: 0, taken: 0, slowestMs: 0, failed: false }));
  const stray: unknown[] = [];
  const onStray = (error: unknown) => void stray.push(error);
  process.on('uncaughtException', onStray).on('unhandledRejection', onStray);
  const shares = targets.flatMap(({ share }, index) => Array.from({ length: share }, () => index));
  const used: number[] = [];
  const began = performance.now();
  try {
    for (let number = 0; number < inputs; number++) {
      const random = createRandom(seed, number);
      const index = random.pick(shares);
      const [target, tally] = [targets[index], tallies[index]];
      if (!target || !tally) throw new RangeError('no target');
      if (!tally.failed) await tryInput(target, tally, index, number, random);
      if (number % Math.ceil(inputs / marks) === 0 && number > 0) used.push(memoryInUse());
    }
    // What a callback has thrown after the last input.
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (stray.length > 0) report(-1, 'unknown', Buffer.alloc(0), stray[0]);
  } finally {
    for (const target of targets) await target.close?.();
    process.off('uncaughtException', onStray).off('unhandledRejection', onStray);
    await watchdog.terminate();
  }
  used.push(memoryInUse());
  const grown = (used.at(-1) ?? 0) - (used[0] ?? 0);
  const failed = tallies.some((tally) => tally.failed) || stray.length > 0;
  printTallies(targets, tallies);
  const seconds = (performance.now() - began) / 1000;
  const all = tallies.reduce((sum, tally) => sum + tally.inputs, 0);
  console.log(`${all} inputs in ${seconds.toFixed(1)} s, seed ${seed}`);
  console.log(
    `memory in use: ${used.map(mebibytes).join(' ')} MiB; most resident: ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`,
  );
  if (grown > growthMax) console.error(`FAILED: memory has grown by ${mebibytes(grown)} MiB, seed ${seed}`);
  return !failed && grown <= growthMax;

  async function tryInput(target: Target, tally: Tally, index: number, number: number, random: Random) {
    const input = target.make(random);
    const copy = Buffer.from(input);
    beginInput(current, number, index, input);
    const start = performance.now();
    try {
      const verdict = target.run(input, createRandom(crc32(input), input.length));
      if ((typeof verdict === 'string' ? verdict : await verdict) === 'taken') tally.taken++;
      if (stray.length > 0) throw stray.shift();
    } catch (error) {
      tally.failed = true;
      report(number, target.name, copy, error);
    }
    endInput(current);
    tally.inputs++;
    tally.slowestMs = Math.max(tally.slowestMs, performance.now() - start);
  }

  function report(number: number, target: string, input: Buffer, error: unknown): void {
    console.error(failureLines({ seed, number, target, input, error }).join('\n'));
  }
}

/** Bytes of JavaScript's heap and of buffers, without garbage if node was started with --expose-gc. */
function memoryInUse(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}

function printTallies(targets: readonly Target[], tallies: readonly Tally[]): void {
  console.log(
    `${'target'.padEnd(16)} ${'inputs'.padStart(8)} ${'understood'.padStart(11)} ${'slowest'.padStart(11)}`,
  );
  for (const [index, { inputs, taken, slowestMs, failed }] of tallies.entries())
    console.log(
      `${(targets[index]?.name ?? '').padEnd(16)} ${String(inputs).padStart(8)} ${String(taken).padStart(11)} ` +
        `${slowestMs.toFixed(1).padStart(8)} ms${failed ? '  FAILED' : ''}`,
    );
}
