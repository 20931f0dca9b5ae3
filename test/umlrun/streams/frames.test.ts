import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeFrame, FrameReader, type GuestFrame } from '../../../src/umlrun/streams/frames.ts';

function framed(letter: string, data: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(letter), Buffer.of(data.length & 255, data.length >> 8), data]);
}

function read(pieces: readonly Uint8Array[]): GuestFrame[] {
  const frames: GuestFrame[] = [];
  const reader = new FrameReader((frame) =>
    frames.push(frame.is === 'output' ? { ...frame, data: Buffer.from(frame.data) } : frame),
  );
  for (const piece of pieces) reader.take(Buffer.from(piece));
  return frames;
}

test('output arrives whole, in whatever pieces the line gives it', () => {
  const output = fc.record({
    letter: fc.constantFrom('O', 'E', 'T'),
    data: fc.uint8Array({ maxLength: 300 }),
  });
  const outputs = { O: 'stdout', E: 'stderr', T: 'terminal' } as const;
  fc.assert(
    fc.property(
      fc.array(output, { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 200 })),
      (said, sizes) => {
        const line = Buffer.concat(said.map(({ letter, data }) => framed(letter, data)));
        const cuts = [0];
        for (const size of sizes) cuts.push(Math.min(line.length, (cuts.at(-1) ?? 0) + size));
        cuts.push(line.length);
        const pieces = cuts.slice(1).map((cut, i) => line.subarray(cuts[i], cut));
        expect(read(pieces)).toEqual(
          said.map(({ letter, data }) => ({
            is: 'output',
            to: outputs[letter as keyof typeof outputs],
            data: Buffer.from(data),
          })),
        );
      },
    ),
  );
});

test('a guest that sends anything at all gets an error or nothing', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 50 })), (pieces) => {
      try {
        for (const frame of read(pieces)) expect(frame).toHaveProperty('is');
      } catch (error) {
        expect(String(error)).toContain('data that its init does not send');
      }
    }),
    { examples: [[[Uint8Array.of(0x7e, 0, 0, 0x7e, 0, 0)]]] },
  );
});

test('the other frames of the guest', () => {
  const line = [
    framed('H', Buffer.of()),
    framed('A', Buffer.of()),
    framed('C', Buffer.of()),
    framed('X', Buffer.of(200)),
    framed('F', Buffer.from('mount')),
  ];
  expect(read(line)).toEqual([
    { is: 'started' },
    { is: 'taken' },
    { is: 'input-closed' },
    { is: 'exit', status: 200 },
    { is: 'failed', words: 'mount' },
  ]);
});

test('frames of the host', () => {
  expect(encodeFrame({ is: 'size', columns: 0x102, rows: 0x304 })).toEqual(
    framed('W', Buffer.of(4, 3, 2, 1)),
  );
  expect(encodeFrame({ is: 'signal', number: 15 })).toEqual(framed('S', Buffer.of(15)));
  expect(encodeFrame({ is: 'input', data: Buffer.from('ab') })).toEqual(framed('I', Buffer.from('ab')));
  expect(encodeFrame({ is: 'input-file', name: '12' })).toEqual(framed('N', Buffer.from('12')));
  expect(encodeFrame({ is: 'input-end' })).toEqual(framed('Z', Buffer.of()));
  expect(encodeFrame({ is: 'output-closed', of: 'stderr' })).toEqual(framed('P', Buffer.of(1)));
});
