import fc from 'fast-check';
import { expect, test } from 'vitest';
import { intCodec, paddingOf, XdrError, XdrReader, XdrWriter } from '../../../src/rpc/codec/xdr.ts';
import { umlmonctrl, type VmInfo } from '../../../src/rpc/umlmonctrl.gen.ts';

function write(fill: (w: XdrWriter) => void, capacity?: number): Buffer {
  const writer = new XdrWriter(capacity);
  fill(writer);
  return writer.bytes();
}

function reader(hex: string): XdrReader {
  return new XdrReader(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
}

test('the example of RFC 4506 section 7', () => {
  const bytes = write((w) => {
    w.string('sillyprog', 255);
    w.int(2);
    w.string('lisp', 255);
    w.string('john', 32);
    w.opaque(Buffer.from('(quit)'), 65535);
  });
  expect(bytes.toString('hex')).toBe(
    '0000000973696c6c7970726f67000000' +
      '00000002000000046c697370000000046a6f686e' +
      '00000006287175697429' +
      '0000',
  );
});

test('every value is decoded unchanged, however small the initial buffer of the writer', () => {
  fc.assert(
    fc.property(
      fc.record({
        int: fc.integer(),
        uint: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        hyper: fc.maxSafeInteger(),
        uhyper: fc.maxSafeNat(),
        bool: fc.boolean(),
        text: fc.string({ unit: 'binary' }),
        bytes: fc.uint8Array(),
        list: fc.array(fc.integer(), { maxLength: 9 }),
        maybe: fc.option(fc.integer(), { nil: null }),
      }),
      fc.integer({ min: 1, max: 64 }),
      (v, capacity) => {
        const bytes = write((w) => {
          w.int(v.int);
          w.uint(v.uint);
          w.hyper(v.hyper);
          w.uhyper(v.uhyper);
          w.bool(v.bool);
          w.string(v.text, 1000);
          w.opaque(v.bytes, 1000);
          w.fixedOpaque(v.bytes, v.bytes.length);
          w.array(v.list, 9, intCodec);
          w.optional(v.maybe, intCodec);
        }, capacity);
        expect(bytes.length % 4).toBe(0);
        const r = new XdrReader(bytes);
        const back = {
          int: r.int(),
          uint: r.uint(),
          hyper: r.hyper(),
          uhyper: r.uhyper(),
          bool: r.bool(),
          text: r.string(1000),
          bytes: new Uint8Array(r.opaque(1000)),
          fixed: new Uint8Array(r.fixedOpaque(v.bytes.length)),
          list: r.array(9, 4, intCodec),
          maybe: r.optional(intCodec),
        };
        r.finish();
        expect(back).toStrictEqual({ ...v, fixed: v.bytes });
      },
    ),
  );
});

test('hyper agrees with BigInt to the last bit', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      const expected = Buffer.alloc(8);
      expected.writeBigInt64BE(BigInt(value));
      expect(write((w) => w.hyper(value)).toString('hex')).toBe(expected.toString('hex'));
    }),
  );
});

test.each([
  ['bool 2', '00000002', (r: XdrReader) => r.bool()],
  ['bool -1', 'ffffffff', (r: XdrReader) => r.bool()],
  ['padding that is not zero', '00000001 61000001', (r: XdrReader) => r.string(9)],
  ['padding that is missing', '00000001 61', (r: XdrReader) => r.opaque(9)],
  ['a string beyond its bound', '00000004 61616161', (r: XdrReader) => r.string(3)],
  ['a string beyond the record', '00000004 616161', (r: XdrReader) => r.string(9)],
  ['the length that wraps in 32 bits', 'ffffffff 61616161', (r: XdrReader) => r.opaque(2 ** 32)],
  ['the length that wraps to nothing', 'fffffffd 61616161', (r: XdrReader) => r.opaque(2 ** 32)],
  ['more elements than bytes', '00000100 00000001', (r: XdrReader) => r.array(512, 4, intCodec)],
  ['more elements than allowed', '00000002 00000001 00000001', (r: XdrReader) => r.array(1, 4, intCodec)],
  ['an overlong UTF-8 form', '00000002 c0800000', (r: XdrReader) => r.string(9)],
  ['a lone surrogate', '00000003 eda08000', (r: XdrReader) => r.string(9)],
  ['unsigned hyper 2^53', '00200000 00000000', (r: XdrReader) => r.uhyper()],
  ['hyper -2^53', 'ffe00000 00000000', (r: XdrReader) => r.hyper()],
  ['trailing bytes', '00000001 00', (r: XdrReader) => [r.int(), r.finish()]],
  ['an empty record', '', (r: XdrReader) => r.int()],
])('refuses %s', (_, hex, read) => {
  expect(() => read(reader(hex))).toThrow(XdrError);
});

test('accepts exactly the strings that TextDecoder accepts', () => {
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const decode = (bytes: Uint8Array): string | null => {
    try {
      return strict.decode(bytes);
    } catch {
      return null;
    }
  };
  const nearUtf8 = fc
    .tuple(fc.string({ unit: 'binary', maxLength: 5 }), fc.uint8Array({ maxLength: 3 }))
    .map(([text, tail]) => Buffer.concat([Buffer.from(text), tail]));
  fc.assert(
    fc.property(nearUtf8, (bytes) => {
      const r = new XdrReader(write((w) => w.opaque(bytes, 100)));
      const expected = decode(bytes);
      if (expected === null) expect(() => r.string(100)).toThrow(XdrError);
      else expect(r.string(100)).toBe(expected);
    }),
  );
});

test.each([
  ['a fraction', (w: XdrWriter) => w.int(1.5)],
  ['2^31 as int', (w: XdrWriter) => w.int(2 ** 31)],
  ['-1 as unsigned int', (w: XdrWriter) => w.uint(-1)],
  ['2^53 as hyper', (w: XdrWriter) => w.hyper(2 ** 53)],
  ['-1 as unsigned hyper', (w: XdrWriter) => w.uhyper(-1)],
  ['a string whose UTF-8 is too long', (w: XdrWriter) => w.string('ää', 3)],
  ['a short fixed opaque', (w: XdrWriter) => w.fixedOpaque(new Uint8Array(3), 4)],
])('does not write %s', (_, fill) => {
  expect(() => write(fill)).toThrow(XdrError);
});

test('a count that cannot be true is refused before the first element', () => {
  const codec = { encode: intCodec.encode, decode: () => expect.fail('an element was read') };
  expect(() => reader('00000100 00000001').array(512, 4, codec)).toThrow('array of 256 elements in 4 bytes');
});

test('padding', () => {
  expect([0, 1, 2, 3, 4, 2 ** 32 - 1].map(paddingOf)).toStrictEqual([0, 3, 2, 1, 0, 1]);
});

test('opaque data is a view of the record', () => {
  const record = write((w) => w.opaque(Buffer.from('abcd'), 4));
  expect(new XdrReader(record).opaque(4).buffer).toBe(record.buffer);
});

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const name = fc.string({ unit: 'grapheme-ascii', maxLength: 64 });
const level = fc.constantFrom('launched', 'kernel', 'guest', 'console');
const plain = { noNullPrototype: true };
const vmInfo: fc.Arbitrary<VmInfo> = fc.record(
  {
    name,
    state: fc.constantFrom('stopped', 'starting', 'running', 'stopping'),
    stateSince: fc.maxSafeNat(),
    operation: text,
    monitorPid: fc.integer(),
    kernelPid: fc.integer(),
    kernelVersion: text,
    user: text,
    mem: fc.maxSafeNat(),
    cpus: text,
    tcp: text,
    mconsole: text,
    guestMessage: text,
    readiness: fc.record(
      {
        configured: level,
        ready: fc.boolean(),
        reached: fc.array(fc.record({ level, elapsedMs: fc.maxSafeNat() }, plain), { maxLength: 4 }),
      },
      plain,
    ),
    settings: fc.array(fc.record({ key: name, value: text, origin: text }, plain), { maxLength: 5 }),
    consoles: fc.array(
      fc.record(
        {
          channel: name,
          viewers: fc.nat(),
          bytesOut: fc.maxSafeNat(),
          bytesIn: fc.maxSafeNat(),
          logDropped: fc.maxSafeNat(),
          logged: fc.boolean(),
          logError: text,
          maybeLost: fc.maxSafeNat(),
          inputUnread: fc.maxSafeNat(),
          inputSeen: fc.boolean(),
          inputWaiting: fc.maxSafeNat(),
          inputWaitedMs: fc.maxSafeNat(),
        },
        plain,
      ),
      { maxLength: 3 },
    ),
    lastExit: fc.option(
      fc.record(
        {
          endedAt: fc.maxSafeNat(),
          cause: fc.constantFrom('poweroff', 'reboot', 'crash', 'killed', 'error', 'hang'),
          code: fc.integer(),
          signal: fc.integer(),
          askedBy: text,
          panic: text,
          lastLines: text,
          bundle: text,
          why: text,
          con0Reason: text,
        },
        plain,
      ),
      { nil: null },
    ),
    eventsNext: fc.maxSafeNat(),
    logDropped: fc.maxSafeNat(),
    warningCount: fc.nat(),
    lastWarning: text,
    hungSince: fc.maxSafeNat(),
    hostMemory: fc.maxSafeNat(),
    guestValues: fc.array(fc.record({ name, value: text }, plain), { maxLength: 5 }),
    refusals: fc.array(fc.record({ name, value: text }, plain), { maxLength: 5 }),
    networkWarnings: fc.array(fc.record({ what: text, hint: text }, plain), { maxLength: 5 }),
    paused: fc.option(fc.record({ since: fc.maxSafeNat(), by: text, resumesAt: fc.maxSafeNat() }, plain)),
    held: fc.option(
      fc.record(
        { kind: fc.constantFrom('restart-limit', 'preserved'), since: fc.maxSafeNat(), why: text },
        plain,
      ),
      { nil: null },
    ),
    networks: fc.array(
      fc.record(
        {
          unit: fc.nat(),
          kind: name,
          guestInterface: name,
          hostInterface: name,
          mac: name,
          link: fc.constantFrom('unknown', 'down', 'up'),
          received: fc.maxSafeNat(),
          sent: fc.maxSafeNat(),
          guestCommands: fc.array(text, { maxLength: 3 }),
          plugged: fc.boolean(),
          settled: fc.boolean(),
          receivedPackets: fc.maxSafeNat(),
          receivedDropped: fc.maxSafeNat(),
          sentPackets: fc.maxSafeNat(),
          sentDropped: fc.maxSafeNat(),
        },
        plain,
      ),
      { maxLength: 3 },
    ),
    disks: fc.array(
      fc.record(
        {
          unit: fc.nat(),
          path: text,
          backing: text,
          flags: text,
          size: fc.maxSafeNat(),
          allocated: fc.maxSafeNat(),
          plugged: fc.boolean(),
        },
        plain,
      ),
      { maxLength: 3 },
    ),
  },
  plain,
);

test('a generated codec reads its own output, and refuses truncated output', () => {
  const { result } = umlmonctrl.procedures.info;
  fc.assert(
    fc.property(vmInfo, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (info, cut) => {
      const bytes = write((w) => result.encode(w, { kind: 'ok', info }));
      const r = new XdrReader(bytes);
      expect(result.decode(r)).toStrictEqual({ kind: 'ok', info });
      r.finish();
      const short = bytes.subarray(0, Math.floor(bytes.length * cut));
      expect(() => result.decode(new XdrReader(short))).toThrow(XdrError);
    }),
  );
});

test('noise makes the generated codecs throw XdrError or read something that they write back', () => {
  const codecs = Object.values(umlmonctrl.procedures).flatMap(({ args, result }) => [args, result]);
  fc.assert(
    fc.property(
      fc.constantFrom(...codecs),
      fc.array(fc.oneof(fc.integer({ min: 0, max: 3 }), fc.nat()), { maxLength: 40 }),
      (codec, numbers) => {
        const bytes = write((w) => {
          for (const number of numbers) w.uint(number);
        });
        const r = new XdrReader(bytes);
        try {
          const value: unknown = codec.decode(r);
          const read = bytes.subarray(0, bytes.length - r.left);
          const again = write((w) => (codec as { encode(w: XdrWriter, v: unknown): void }).encode(w, value));
          expect(again.toString('hex')).toBe(read.toString('hex'));
        } catch (error) {
          if (!(error instanceof XdrError)) throw error;
        }
      },
    ),
  );
});
