/** A fuzzer whose only target has a fault, of the kind that the first argument names: what must not go unseen. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fuzz } from './fuzz.ts';
import type { Target, Verdict } from './target.ts';

const [kind = '', seed = '0'] = process.argv.slice(2);
const kept: Buffer[] = [];

const faults: Readonly<Record<string, () => void>> = {
  none: () => undefined,
  crash: () => {
    throw new TypeError('the fault');
  },
  hang: () => {
    for (;;);
  },
  stray: () => void setImmediate(faults.crash ?? (() => undefined)),
  leak: () => void kept.push(Buffer.alloc(2 ** 20, 1)),
};

const target: Target = {
  name: kind,
  share: 1,
  make: (random) => random.bytes(8),
  // About one input in ten.
  async run(input): Promise<Verdict> {
    await new Promise(setImmediate);
    if ((input[0] ?? 0) < 26) faults[kind]?.();
    return 'taken';
  },
};

const directory = join(tmpdir(), 'umlmon-fuzz-nothing');
const healthy = await fuzz({ targets: [target], seed: Number(seed), inputs: 1000, limitMs: 1000, directory });
process.exitCode = healthy ? 0 : 1;
