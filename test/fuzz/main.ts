/**
 * The fuzzer, `npm run fuzz`: hostile and damaged input for everything that reads what others wrote.
 *
 *     UMLMON_FUZZ_INPUTS   inputs in all (default: a million)
 *     UMLMON_FUZZ_SEED     repeats the run that printed this seed
 *     TARGET HEX           as arguments: this one input alone
 */
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { fuzz } from './fuzz.ts';
import { createRandom } from './random.ts';
import { openTargets } from './targets/all.ts';

const nightlyInputs = 1_000_000;
const limitMs = 5_000;

function numberFrom(name: string, fallback: number, max: number): number {
  const text = process.env[name];
  if (!text) return fallback;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw new Error(`${name} must be a whole number from 0 to ${max}, not ${text}`);
}

const directory = mkdtempSync(join(tmpdir(), 'umlmon-fuzz-'));
try {
  const targets = await openTargets(directory);
  const [name, hex] = process.argv.slice(2);
  if (name === undefined) {
    const seed = numberFrom('UMLMON_FUZZ_SEED', randomInt(2 ** 32), 2 ** 32 - 1);
    const inputs = numberFrom('UMLMON_FUZZ_INPUTS', nightlyInputs, 2 ** 31 - 1);
    if (!(await fuzz({ targets, seed, inputs, limitMs, directory }))) process.exitCode = 1;
  } else {
    const target = targets.find((candidate) => candidate.name === name);
    if (!target || hex === undefined)
      throw new Error(
        `usage: npm run fuzz [-- TARGET HEX], where TARGET is one of ${targets.map((one) => one.name).join(', ')}`,
      );
    const input = Buffer.from(hex, 'hex');
    try {
      console.log(await target.run(input, createRandom(crc32(input), input.length)));
    } finally {
      for (const one of targets) await one.close?.();
    }
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
