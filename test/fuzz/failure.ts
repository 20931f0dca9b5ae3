import { inspect } from 'node:util';

export interface FuzzFailure {
  readonly seed: number;
  /** Of the input within the run, from 0. */
  readonly number: number;
  readonly target: string;
  readonly input: Buffer;
  readonly error: unknown;
}

/** All that is needed to see a failure again: the whole run by its seed, or the input alone. */
export function failureLines({ seed, number, target, input, error }: FuzzFailure): string[] {
  return [
    `FAILED: target ${target}, input ${number}, seed ${seed}, ${input.length} bytes`,
    inspect(error),
    `the run again:    UMLMON_FUZZ_SEED=${seed} npm run fuzz`,
    `this input alone: npm run fuzz -- ${target} ${input.toString('hex') || "''"}`,
  ];
}
