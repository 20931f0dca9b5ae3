import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InputPump, type PumpParts } from '../../../src/cli/session/input-pump.ts';

const KiB = 1024;
const failTest = (error: unknown) => expect.fail(String(error));

/** A console that accepts as many bytes as `room` lists, offer after offer, and all bytes after that. */
function console(room: readonly number[] = [], most = KiB) {
  const taken: Buffer[] = [];
  const left = [...room];
  let calls = 0;
  let overlapping = 0;
  return {
    taken: () => Buffer.concat(taken),
    calls: () => calls,
    overlapped: () => overlapping,
    offer: async (bytes: Buffer) => {
      calls += 1;
      if (++overlapping > 1) expect.fail('two offers at once');
      await new Promise((resolve) => setImmediate(resolve));
      overlapping -= 1;
      const count = Math.min(bytes.length, left.shift() ?? most);
      taken.push(Buffer.from(bytes.subarray(0, count)));
      return count;
    },
  };
}

function makePump(parts: Partial<PumpParts> & Pick<PumpParts, 'offer'>): InputPump {
  return new InputPump({ onError: failTest, ...parts });
}

test('bytes arrive in order, whatever is taken at a time', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 20 }),
      async (pieces, room) => {
        const guest = console(room);
        const pump = makePump(guest);
        for (const piece of pieces) pump.push(Buffer.from(piece));
        await pump.settle(10_000);
        expect(guest.taken()).toEqual(Buffer.concat(pieces));
        expect(pump.waiting).toBe(0);
      },
    ),
    { numRuns: 50 },
  );
});

test('a guest that does not read at first gets everything later', async () => {
  const guest = console([0, 0, 3]);
  const pump = makePump(guest);
  pump.push(Buffer.from('hello'));
  await pump.settle(10_000);
  expect(guest.taken().toString()).toBe('hello');
});

test('a large input comes in pieces', async () => {
  const sizes: number[] = [];
  const pump = makePump({
    offer: async (bytes) => sizes.push(bytes.length) && bytes.length,
  });
  pump.push(Buffer.alloc(40 * KiB));
  await pump.settle(10_000);
  expect(sizes).toEqual([16 * KiB, 16 * KiB, 8 * KiB]);
});

test('a guest that does not read for a second is reported once, with the number of waiting bytes', async () => {
  const told: number[] = [];
  let isReading = false;
  const pump = makePump({
    offer: async (bytes) => (isReading ? bytes.length : 0),
    onStuck: (waiting) => told.push(waiting),
  });
  pump.push(Buffer.alloc(5000));
  await pump.settle(1500);
  expect(told).toEqual([5000]);
  isReading = true;
  await pump.settle(10_000);
  pump.push(Buffer.alloc(10));
  await pump.settle(10_000);
  expect(told).toEqual([5000]);
});

test('an interrupt drops waiting input, and is offered while the guest does not read', async () => {
  const offers: string[] = [];
  let answer: (taken: number) => void = () => undefined;
  const pump = makePump({
    offer: (bytes) => {
      offers.push(bytes.toString());
      return bytes.length === 1
        ? Promise.resolve(1)
        : new Promise((resolve) => {
            answer = resolve;
          });
    },
  });
  pump.push(Buffer.from('a paste'));
  expect(pump.interrupt(Buffer.from('\x03'))).toBe(7);
  expect(offers).toEqual(['a paste', '\x03']);
  answer(0);
  await pump.settle(1000);
  expect(offers).toEqual(['a paste', '\x03']);
  expect(pump.waiting).toBe(0);
  expect(pump.interrupt(Buffer.from('\x03'))).toBe(0);
});

test('a terminal: input beyond the limit is dropped with a bell, and accepted input stays', async () => {
  let bells = 0;
  const pump = makePump({ offer: async () => 0, onDrop: () => bells++ });
  for (let count = 0; count < 5; count++) pump.push(Buffer.alloc(2000 * KiB));
  expect(bells).toBe(1);
  expect(pump.waiting).toBe(8000 * KiB);
  pump.stop();
});

test('a pipe is held while too much is waiting, and nothing is dropped', async () => {
  const held: boolean[] = [];
  const pump = makePump({ ...console(), hold: (wait) => held.push(wait) });
  for (let count = 0; count < 5; count++) pump.push(Buffer.alloc(50 * KiB));
  expect(held).toEqual([]);
  pump.push(Buffer.alloc(7 * KiB));
  expect(held).toEqual([true]);
  await pump.settle(10_000);
  expect(held).toEqual([true, false]);
  expect(pump.waiting).toBe(0);
  pump.stop();
});

test('clear drops waiting input, and later input is sent', async () => {
  const guest = console([0]);
  const pump = makePump(guest);
  pump.push(Buffer.from('for the guest that is gone'));
  pump.clear();
  pump.push(Buffer.from('new'));
  await pump.settle(10_000);
  expect(guest.taken().toString()).toBe('new');
});

test('a pump that stops lets a held pipe go, and offers no more', async () => {
  const held: boolean[] = [];
  const guest = console([0, 0, 0, 0]);
  const pump = makePump({ ...guest, hold: (wait) => held.push(wait) });
  pump.push(Buffer.alloc(300 * KiB));
  pump.stop();
  pump.push(Buffer.from('late'));
  await pump.settle(10_000);
  expect(held).toEqual([true, false]);
  expect(guest.calls()).toBe(1);
  expect(pump.waiting).toBe(0);
});

test('an error of an offer is reported once, and never becomes an unhandled rejection', async () => {
  const errors: unknown[] = [];
  const pump = makePump({
    offer: () => Promise.reject(new Error('gone')),
    onError: (error) => errors.push(error),
  });
  pump.push(Buffer.from('x'));
  await pump.settle(10_000);
  expect(errors).toEqual([new Error('gone')]);
});

test('settle does not wait without limit', async () => {
  const pump = makePump({ offer: async () => 0 });
  pump.push(Buffer.from('x'));
  await pump.settle(50);
  expect(pump.waiting).toBe(1);
  pump.stop();
});
