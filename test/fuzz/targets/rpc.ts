import { readCall, readReply, writeCall } from '../../../src/rpc/codec/message.ts';
import { RecordError, RecordSplitter } from '../../../src/rpc/codec/record.ts';
import { type Codec, XdrError, XdrReader, XdrWriter } from '../../../src/rpc/codec/xdr.ts';
import { createDispatch } from '../../../src/rpc/server/dispatcher.ts';
import { UMLMON_DATA_MAX, umlmonctrl } from '../../../src/rpc/umlmonctrl.gen.ts';
import { stubHandlers } from '../../rpc/stub-handlers.ts';
import { type Corpus, makeInput } from '../mutate.ts';
import { assert, cutUp, refusable, type Target } from '../target.ts';
import { callRecords, encodedArgs, encodedResults, replyRecords } from './rpc-corpus.ts';

const words = [0, 1, 2, 7, 2 ** 31, 2 ** 31 + 4, 2 ** 31 - 1, 2 ** 32 - 1, 0x20756d6c].map((value) => {
  const word = Buffer.alloc(4);
  word.writeUInt32BE(value);
  return word;
});

const streams: Corpus = {
  samples: [
    ...callRecords,
    ...replyRecords,
    Buffer.concat(callRecords.slice(0, 4)),
    ...callRecords.slice(0, 3).map((record) => fragmented(record.subarray(4))),
  ],
  words,
  maxBytes: 600,
};

/** Largest record of the target: near to the lengths in the corpus, so that some are refused. */
const recordMax = 400;

const record: Target = {
  name: 'rpc-record',
  share: 60,
  make: (random) => makeInput(random, streams),
  run(input, random) {
    const whole = split([input]);
    const same = (pieces: readonly Buffer[], how: string) =>
      assert(split(pieces).join() === whole.join(), `${how} gives the same records`);
    for (let at = 1; at < input.length; at++)
      same([input.subarray(0, at), input.subarray(at)], `a cut at ${at}`);
    same(
      [...input].map((byte) => Buffer.of(byte)),
      'every byte alone',
    );
    same(cutUp(input, random), 'random pieces');
    return whole.includes('lost') || whole.length === 0 ? 'refused' : 'taken';
  },
};

/** All records as hex, and `lost` where the framing is. */
function split(pieces: readonly Buffer[]): string[] {
  const splitter = new RecordSplitter(recordMax);
  const records: string[] = [];
  const verdict = refusable([RecordError], () => {
    for (const bytes of pieces) {
      splitter.push(bytes);
      for (let next = splitter.next(); next; next = splitter.next()) records.push(next.toString('latin1'));
    }
  });
  return verdict === 'taken' ? records : [...records, 'lost'];
}

/** A record in fragments of 9 bytes. */
function fragmented(body: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; at += 9) {
    const mark = Buffer.alloc(4);
    const part = body.subarray(at, at + 9);
    mark.writeUInt32BE(part.length + (at + 9 >= body.length ? 2 ** 31 : 0));
    parts.push(mark, part);
  }
  return Buffer.concat(parts);
}

const headers: Corpus = {
  samples: [...callRecords, ...replyRecords].map((bytes) => bytes.subarray(4)),
  words,
  maxBytes: 4096,
};

const message: Target = {
  name: 'rpc-message',
  share: 100,
  make: (random) => makeInput(random, headers),
  run(input) {
    refusable([XdrError], () => readReply(new XdrReader(input)));
    return refusable([XdrError], () => {
      const call = readCall(new XdrReader(input));
      if (call.kind !== 'call') return;
      const writer = new XdrWriter();
      writeCall(writer, call.header);
      const again = readCall(new XdrReader(writer.bytes()));
      assert(JSON.stringify(again) === JSON.stringify(call), 'a header written again is the same');
    });
  },
};

/** One byte that chooses the codec, then XDR. */
const codecs = [...encodedArgs, ...encodedResults];
const types: Corpus = {
  samples: codecs.map(({ bytes }, index) => Buffer.concat([Buffer.of(index), bytes])),
  words,
  maxBytes: 100_000,
};

const codec: Target = {
  name: 'rpc-codec',
  share: 180,
  make(random) {
    const made = makeInput(random, types);
    // Mutations keep to words of four bytes, so the byte before them stays out of their sight.
    const index = made[0] ?? 0;
    const of = codecs[index % codecs.length] ?? codecs[0];
    const own: Corpus = { samples: [of?.bytes ?? made], words, maxBytes: types.maxBytes };
    return Buffer.concat([Buffer.of(index), makeInput(random, own)]);
  },
  run(input) {
    const of = codecs[(input[0] ?? 0) % codecs.length];
    assert(of !== undefined, 'there is a codec');
    return refusable([XdrError], () => assertCanonical(of.codec, Buffer.from(input.subarray(1))));
  },
};

/** The form of XDR is the only one of its value: what was read and is written again is the same bytes. */
function assertCanonical(type: Codec<unknown>, bytes: Buffer): void {
  const reader = new XdrReader(bytes);
  const value = type.decode(reader);
  reader.finish();
  let written: Buffer;
  try {
    const writer = new XdrWriter(1);
    type.encode(writer, value);
    written = writer.bytes();
  } catch (error) {
    throw new Error('what was read cannot be written', { cause: error });
  }
  assert(written.equals(bytes), `the same bytes: ${written.toString('hex')}`);
}

const faults: string[] = [];
const counters = { connections: 0, refused: 0, dropped: 0, calls: 0, faults: 0, garbage: 0 };
export const boundedHandlers: typeof stubHandlers = {
  ...stubHandlers,
  // The stub makes as many bytes as it is asked for; a monitor does not.
  logRead: (args, caller) =>
    stubHandlers.logRead({ ...args, offset: 0, max: Math.min(args.max, UMLMON_DATA_MAX) }, caller),
};
const dispatch = createDispatch(umlmonctrl, boundedHandlers, counters, (error, name) =>
  faults.push(`${name}: ${error}`),
);
const caller = {
  uid: 1,
  gid: 1,
  groups: [],
  remote: undefined,
  pid: 1,
  id: 1,
  signal: new AbortController().signal,
  actFor: () => undefined,
};

const calls: Corpus = { samples: callRecords.map((bytes) => bytes.subarray(4)), words, maxBytes: 70_000 };

const dispatched: Target = {
  name: 'rpc-dispatch',
  share: 80,
  make: (random) => makeInput(random, calls),
  async run(input) {
    let answer: Buffer;
    try {
      answer = await dispatch(input, caller);
    } catch (error) {
      if (error instanceof XdrError) return 'refused';
      throw error;
    }
    assert(faults.length === 0, `no handler fails: ${faults.shift()}`);
    const { xid, reply } = readReply(new XdrReader(answer.subarray(4)));
    assert(xid === input.readUInt32BE(0), 'the reply is that of the call');
    return reply.status === 'success' ? 'taken' : 'refused';
  },
};

export const rpcTargets: readonly Target[] = [record, message, codec, dispatched];
