import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Ring } from '../../../src/console/ring.ts';
import { findText } from '../../../src/monitor/guest/find-text.ts';

/** The part of a channel that is searched: its ring, and who is told of output. */
class Output {
  readonly ring = new Ring();
  readonly listeners = new Set<() => void>();

  onData(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  say(bytes: Uint8Array | string): void {
    this.ring.append(Buffer.from(bytes));
    for (const listener of [...this.listeners]) listener();
  }
}

const few = fc.array(fc.constantFrom('a', 'b', 'ä'), { maxLength: 30 }).map((letters) => letters.join(''));

test('however output is cut into pieces, a text is found exactly when it is in it, and once', () => {
  fc.assert(
    fc.property(few, few, fc.array(fc.nat(8)), few.filter(Boolean), (past, said, sizes, text) => {
      const output = new Output();
      output.say(past);
      let found = 0;
      findText(output, output.ring.next, text.slice(0, 5), () => found++);
      let rest = Buffer.from(said);
      for (const size of sizes) {
        output.say(rest.subarray(0, size));
        rest = rest.subarray(size);
      }
      output.say(rest);
      expect(found).toBe(said.includes(text.slice(0, 5)) ? 1 : 0);
      expect(output.listeners.size).toBe(1 - found);
    }),
    { numRuns: 2000 },
  );
});

test('earlier output is searched on request', () => {
  const output = new Output();
  output.say('login: ');
  let found = 0;
  findText(output, 0, 'login:', () => found++);
  expect(found).toBe(1);
  expect(output.listeners.size).toBe(0);
  output.say('login: ');
  expect(found).toBe(1);
});

test('a text after more output than the ring holds is found', () => {
  const output = new Output();
  let found = 0;
  findText(output, 0, 'login:', () => found++);
  const noise = Buffer.from('login'.repeat(13_000));
  for (let i = 0; i < 100; i++) output.say(noise);
  expect(found).toBe(0);
  output.say(':');
  expect(found).toBe(1);
});

test('a search that is given up finds nothing', () => {
  const output = new Output();
  let found = 0;
  findText(output, 0, 'login:', () => found++)();
  output.say('login:');
  expect(found).toBe(0);
});
