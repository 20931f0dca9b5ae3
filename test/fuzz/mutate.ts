import type { Random } from './random.ts';

/** What inputs are made of: valid ones, from the real encoders where there are some, and what may stand in them. */
export interface Corpus {
  readonly samples: readonly Buffer[];
  readonly words: readonly (string | Buffer)[];
  /** Longest input; a few are as long. */
  readonly maxBytes: number;
}

type Mutation = (bytes: Buffer, random: Random, corpus: Corpus) => Buffer;

/** Most mutations of one sample. */
const roundsMax = 6;
const noiseMax = 200;

/** One input: a sample with some damage, rarely without any, or noise. */
export function makeInput(random: Random, corpus: Corpus): Buffer {
  if (random.oneIn(12)) return random.bytes(random.below(noiseMax)).subarray(0, corpus.maxBytes);
  let bytes: Buffer = Buffer.from(random.pick(corpus.samples));
  const rounds = random.oneIn(30) ? 0 : 1 + random.below(random.oneIn(2) ? 1 : roundsMax);
  for (let round = 0; round < rounds; round++) bytes = random.pick(mutations)(bytes, random, corpus);
  if (random.oneIn(2000)) bytes = repeatPiece(bytes, random, corpus);
  return bytes.subarray(0, corpus.maxBytes);
}

const mutations: readonly Mutation[] = [
  flipBit,
  flipBit,
  setByte,
  truncate,
  cutOut,
  duplicate,
  splice,
  insertNoise,
  insertWord,
  insertWord,
  lieInWord,
  lieInWord,
  hugeNumber,
];

function flipBit(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length);
  if (bytes.length > 0) bytes.writeUInt8((bytes[at] ?? 0) ^ (1 << random.below(8)), at);
  return bytes;
}

function setByte(bytes: Buffer, random: Random): Buffer {
  if (bytes.length > 0)
    bytes.writeUInt8(
      random.pick([0, 1, 9, 10, 13, 27, 34, 61, 91, 127, 128, 255]),
      random.below(bytes.length),
    );
  return bytes;
}

function truncate(bytes: Buffer, random: Random): Buffer {
  return bytes.subarray(0, random.below(bytes.length + 1));
}

function cutOut(bytes: Buffer, random: Random): Buffer {
  const { start, end } = piece(bytes, random);
  return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
}

function duplicate(bytes: Buffer, random: Random): Buffer {
  const { start, end } = piece(bytes, random);
  return insert(bytes, random.below(bytes.length + 1), bytes.subarray(start, end));
}

/** The beginning of one and the end of another. */
function splice(bytes: Buffer, random: Random, { samples }: Corpus): Buffer {
  const other = random.pick(samples);
  const head = bytes.subarray(0, random.below(bytes.length + 1));
  return Buffer.concat([head, other.subarray(random.below(other.length + 1))]);
}

function insertNoise(bytes: Buffer, random: Random): Buffer {
  return insert(bytes, random.below(bytes.length + 1), random.bytes(1 + random.below(8)));
}

function insertWord(bytes: Buffer, random: Random, { words }: Corpus): Buffer {
  if (words.length === 0) return insertNoise(bytes, random);
  const word = random.pick(words);
  return insert(bytes, random.below(bytes.length + 1), typeof word === 'string' ? Buffer.from(word) : word);
}

/** Puts another number where a length, a count or an offset may stand. */
function lieInWord(bytes: Buffer, random: Random): Buffer {
  if (bytes.length < 4) return bytes;
  const at = random.oneIn(4)
    ? random.below(bytes.length - 3)
    : 4 * random.below(Math.floor(bytes.length / 4));
  const near = bytes.length - at + random.below(9) - 8;
  const edges = [
    0,
    1,
    2,
    3,
    7,
    255,
    256,
    512,
    4096,
    65_536,
    2 ** 20,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32 - 4,
    2 ** 32 - 1,
  ];
  const value = random.pick([...edges, near, near, near]) >>> 0;
  if (random.oneIn(2)) bytes.writeUInt32BE(value, at);
  else bytes.writeUInt32LE(value, at);
  return bytes;
}

/** Replaces the digits of one number in a text. */
function hugeNumber(bytes: Buffer, random: Random): Buffer {
  const found = [...bytes.toString('latin1').matchAll(/\d+/g)];
  const number = found[random.below(found.length)];
  if (!number) return bytes;
  const other = random.pick([
    '0',
    '-1',
    '00',
    '1e9',
    '4294967296',
    '9007199254740993',
    '1'.repeat(400),
    '0x7f',
    '٣',
  ]);
  const end = bytes.subarray(number.index + number[0].length);
  return Buffer.concat([bytes.subarray(0, number.index), Buffer.from(other), end]);
}

/** A piece over and over, up to the longest input. */
function repeatPiece(bytes: Buffer, random: Random, { maxBytes }: Corpus): Buffer {
  const { start, end } = piece(bytes, random);
  if (start === end) return bytes;
  const times = Math.floor((maxBytes - bytes.length) / (end - start));
  const repeated = Array.from({ length: Math.max(0, times) }, () => bytes.subarray(start, end));
  return insert(bytes, start, Buffer.concat(repeated));
}

function piece(bytes: Buffer, random: Random): { start: number; end: number } {
  const start = random.below(bytes.length + 1);
  return { start, end: start + random.below(bytes.length - start + 1) };
}

function insert(bytes: Buffer, at: number, more: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)]);
}
