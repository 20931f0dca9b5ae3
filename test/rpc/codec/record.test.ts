import fc from 'fast-check';
import { expect, test } from 'vitest';
import { beginRecord, RecordError, RecordSplitter, sealRecord } from '../../../src/rpc/codec/record.ts';
import { rpcLimits } from '../../../src/system/limits/limits.ts';

function fragment(bytes: Uint8Array, last: boolean): Buffer {
  const mark = Buffer.alloc(4);
  mark.writeUInt32BE(bytes.length + (last ? 0x80000000 : 0));
  return Buffer.concat([mark, bytes]);
}

/** All records of the chunks as hex, and 'lost' where the framing is. */
function split(chunks: readonly Uint8Array[], maxBytes: number): string[] {
  const splitter = new RecordSplitter(maxBytes);
  const records: string[] = [];
  try {
    for (const chunk of chunks) {
      splitter.push(Buffer.from(chunk));
      for (let record = splitter.next(); record; record = splitter.next())
        records.push(record.toString('hex'));
    }
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    records.push('lost');
  }
  return records;
}

function cut(stream: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [...places, stream.length].sort((a, b) => a - b);
  return sorted.map((end, i) => stream.subarray(sorted[i - 1] ?? 0, end));
}

const record = fc.array(fc.uint8Array({ maxLength: 30 }), { minLength: 1, maxLength: 4 });
const stream = fc.array(record, { maxLength: 5 });

function streamOf(records: readonly (readonly Uint8Array[])[]): Buffer {
  return Buffer.concat(
    records.flatMap((parts) => parts.map((part, i) => fragment(part, i === parts.length - 1))),
  );
}

test('records come out whole wherever the stream is cut', () => {
  fc.assert(
    fc.property(stream, fc.array(fc.nat(700)), (records, places) => {
      const bytes = streamOf(records);
      const chunks = cut(
        bytes,
        places.map((place) => place % (bytes.length + 1)),
      );
      expect(split(chunks, 200)).toStrictEqual(records.map((parts) => Buffer.concat(parts).toString('hex')));
    }),
  );
});

test('two records, cut at every byte and byte by byte', () => {
  const bytes = streamOf([[Buffer.from('abc'), Buffer.from('defg')], [Buffer.from('hijkl')]]);
  const expected = ['abcdefg', 'hijkl'].map((text) => Buffer.from(text).toString('hex'));
  for (let at = 0; at <= bytes.length; at++) expect(split(cut(bytes, [at]), 7)).toStrictEqual(expected);
  expect(
    split(
      [...bytes].map((byte) => Buffer.from([byte])),
      7,
    ),
  ).toStrictEqual(expected);
});

test('random bytes have the same result in one piece and in many', () => {
  const smallMarks = fc
    .array(fc.tuple(fc.boolean(), fc.nat(9), fc.uint8Array({ maxLength: 9 })))
    .map((parts) =>
      Buffer.concat(
        parts.map(([last, length, bytes]) =>
          Buffer.concat([fragment(new Uint8Array(length), last).subarray(0, 4), bytes]),
        ),
      ),
    );
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    smallMarks,
  );
  fc.assert(
    fc.property(noise, fc.array(fc.nat(), { maxLength: 9 }), (bytes, places) => {
      const chunks = cut(
        bytes,
        places.map((place) => place % (bytes.length + 1)),
      );
      expect(split(chunks, 12)).toStrictEqual(split([bytes], 12));
    }),
  );
});

test('a record is refused when its mark is read, before its bytes', () => {
  expect(split([fragment(new Uint8Array(8), true)], 8)).toStrictEqual(['00'.repeat(8)]);
  expect(split([fragment(new Uint8Array(9), true).subarray(0, 4)], 8)).toStrictEqual(['lost']);
  const second = [fragment(new Uint8Array(8), false), fragment(new Uint8Array(1), true).subarray(0, 4)];
  expect(split(second, 8)).toStrictEqual(['lost']);
});

test('the number of empty fragments is limited', () => {
  const empty = fragment(new Uint8Array(), false);
  const end = fragment(Buffer.from([7]), true);
  const withFragments = (count: number) => [...Array.from({ length: count - 1 }, () => empty), end];
  expect(split(withFragments(rpcLimits.fragments), 8)).toStrictEqual(['07']);
  expect(split(withFragments(rpcLimits.fragments + 1), 8)).toStrictEqual(['lost']);
});

test('the count of fragments restarts with each record', () => {
  const parts = Array.from({ length: rpcLimits.fragments }, () => new Uint8Array(1));
  const expected = '00'.repeat(rpcLimits.fragments);
  expect(split([streamOf([parts, parts])], rpcLimits.fragments)).toStrictEqual([expected, expected]);
});

test('a record within one chunk is a view, any other its own memory', () => {
  const bytes = Buffer.from(new Uint8Array(fragment(Buffer.from('abcd'), true)).buffer);
  const splitter = new RecordSplitter(8);
  splitter.push(bytes);
  const first = splitter.next();
  expect(first?.toString()).toBe('abcd');
  expect(first?.buffer).toBe(bytes.buffer);
  splitter.push(bytes.subarray(0, 6));
  expect(splitter.next()).toBeNull();
  splitter.push(bytes.subarray(6));
  const second = splitter.next();
  expect(second?.toString()).toBe('abcd');
  bytes.fill(0);
  expect(second?.toString()).toBe('abcd');
});

test('the splitter accepts the output of sealRecord', () => {
  const writer = beginRecord();
  writer.string('hello', 9);
  expect(split([sealRecord(writer)], 12)).toStrictEqual([
    `00000005${Buffer.from('hello').toString('hex')}000000`,
  ]);
});
