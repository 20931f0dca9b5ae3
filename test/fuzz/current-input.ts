/** What the fuzzer is at, in memory that the watchdog sees too. */
export interface CurrentInput {
  /** Changes with each input; 1 while one is tried; its number; its target's index; its length. */
  readonly state: Int32Array<SharedArrayBuffer>;
  readonly bytes: Uint8Array<SharedArrayBuffer>;
}

export function createCurrent(maxBytes: number): CurrentInput {
  return {
    state: new Int32Array(new SharedArrayBuffer(5 * 4)),
    bytes: new Uint8Array(new SharedArrayBuffer(maxBytes)),
  };
}

export function beginInput(
  { state, bytes }: CurrentInput,
  number: number,
  target: number,
  input: Buffer,
): void {
  bytes.set(input.subarray(0, bytes.length));
  state[2] = number;
  state[3] = target;
  state[4] = Math.min(input.length, bytes.length);
  Atomics.store(state, 1, 1);
  Atomics.add(state, 0, 1);
}

export function endInput({ state }: CurrentInput): void {
  Atomics.store(state, 1, 0);
}

export function readCurrent({ state, bytes }: CurrentInput) {
  const [, , number = 0, target = 0, length = 0] = state;
  return {
    tick: Atomics.load(state, 0),
    busy: Atomics.load(state, 1) === 1,
    number,
    target,
    input: Buffer.from(bytes.slice(0, length)),
  };
}
