import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { elfReader, parseElf } from '../../src/kernel/elf.ts';
import { UmlmonError } from '../../src/system/errors/errors.ts';
import { testKernelDirectory } from '../helpers/guest/kernel.ts';

const kernel = join(testKernelDirectory(), 'linux');
const parse = (file: Buffer) => parseElf(elfReader(file), file.length, 'file');

/** The report of binutils on a program: an independent oracle. */
function askReadelf(path: string) {
  const text = execFileSync('readelf', ['-hldW', path], { encoding: 'utf8' });
  const all = (pattern: RegExp) => [...text.matchAll(pattern)].map(([, value]) => value);
  return {
    interpreter: all(/Requesting program interpreter: (.*)\]/g)[0],
    needed: all(/\(NEEDED\).*\[(.*)\]/g),
    runpath: all(/\(RUNPATH\).*\[(.*)\]/g).flatMap((path) => path?.split(':')),
    segments: [...text.matchAll(/^ +LOAD +0x(\S+) \S+ \S+ 0x(\S+)/gm)]
      .map(([, offset, length]) => ({ offset: Number(`0x${offset}`), length: Number(`0x${length}`) }))
      .filter(({ length }) => length > 0),
  };
}

describe('the headers of', () => {
  for (const path of [kernel, '/bin/ls', '/bin/busybox', process.execPath, '/lib/x86_64-linux-gnu/libc.so.6'])
    test(`${path} are those that readelf shows`, () => {
      const elf = parse(readFileSync(path));
      const { interpreter, needed, runpath, segments } = elf;
      expect({ interpreter, needed, runpath, segments }).toEqual(askReadelf(path));
      expect(elf.machine).toBe('x86_64');
    });

  test('a static program name no loader', () => {
    expect(parse(readFileSync('/bin/busybox'))).toMatchObject({ linking: 'static', needed: [] });
    expect(parse(readFileSync('/bin/ls')).linking).toBe('dynamic');
  });
});

describe('files that are not programs', () => {
  const header = readFileSync('/bin/ls').subarray(0, 64);
  const changed = (at: number, value: number) => {
    const copy = Buffer.from(header);
    copy[at] = value;
    return copy;
  };
  test.each([
    ['an empty file', Buffer.alloc(0), /too short/],
    ['a script', Buffer.from(`#!/bin/sh\n${'#'.repeat(80)}`), /script/],
    ['a text', Buffer.alloc(100, 'x'), /not an ELF/],
    ['a 32-bit program', changed(4, 1), /64-bit/],
    ['a big-endian program', changed(5, 2), /64-bit/],
    ['a program without segments', changed(56, 0), /program headers/],
    ['a program cut after its header', header, /outside/],
  ])('is refused: %s', (_, file, words) => {
    expect(() => parse(file)).toThrow(words);
  });
});

describe('hostile files', () => {
  const program = readFileSync('/bin/ls');
  const kernelHead = readFileSync(kernel).subarray(0, 256 * 1024);
  /** Parsed, or refused with our error; never anything else, and never a read outside of the file. */
  const survives = (file: Buffer) => {
    const read = elfReader(file);
    const guarded = (offset: number, length: number) => {
      expect(offset).toBeGreaterThanOrEqual(0);
      expect(length).toBeGreaterThanOrEqual(0);
      expect(length).toBeLessThanOrEqual(1024 * 1024);
      expect(offset + length).toBeLessThanOrEqual(file.length);
      return read(offset, length);
    };
    try {
      const { segments } = parseElf(guarded, file.length, 'file');
      for (const { offset, length } of segments) expect(offset + length).toBeLessThanOrEqual(file.length);
    } catch (error) {
      expect(error).toBeInstanceOf(UmlmonError);
      expect((error as UmlmonError).code).toBe('KERNEL_NOT_ELF');
    }
  };

  /** The same program, with one field of its segments of one type changed. */
  const withSegment = (type: number, field: number, value: bigint) => {
    const file = Buffer.from(program);
    const count = file.readUInt16LE(56);
    for (let at = 64; at < 64 + count * 56; at += 56)
      if (file.readUInt32LE(at) === type) file.writeBigUInt64LE(value, at + field);
    return file;
  };
  const size = BigInt(program.length);
  const [load, dynamic, interp] = [1, 2, 3];
  const [offset, length] = [8, 32];
  test.each([
    [load, offset, size, /a segment is outside/],
    [load, length, 2n ** 63n, /a segment is outside/],
    [interp, offset, size, /its loader is outside/],
    [interp, offset, 2n ** 64n - 1n, /its loader is outside/],
    [dynamic, offset, size - 8n, /dynamic section is outside/],
  ])('with a segment of type %i whose field %i is %i', (type, field, value, words) => {
    const file = withSegment(type, field, value);
    survives(file);
    expect(() => parse(file)).toThrow(words);
  });

  test('of random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4096 }), fc.boolean(), (bytes, withMagic) =>
        survives(Buffer.concat([withMagic ? program.subarray(0, 20) : Buffer.alloc(0), bytes])),
      ),
    );
  });

  test('cut anywhere', () => {
    fc.assert(fc.property(fc.nat(program.length), (length) => survives(program.subarray(0, length))));
  });

  // The headers and the dynamic section are where a changed byte matters.
  const dynamicAt = Number.parseInt(
    /DYNAMIC +0x(\S+)/.exec(execFileSync('readelf', ['-lW', '/bin/ls'], { encoding: 'utf8' }))?.[1] ?? '',
    16,
  );
  const interesting = [0x10, 0x28, 0x36, 0x38, 0x40, 0x1000];
  const place = fc.oneof(
    fc.nat(1024),
    fc.constantFrom(...interesting),
    fc.nat(512).map((offset) => dynamicAt + offset),
  );
  const change = fc.tuple(place, fc.oneof(fc.nat(255), fc.constantFrom(0, 0x7f, 0x80, 0xff)));
  test('with changed bytes', () => {
    for (const original of [program, kernelHead])
      fc.assert(
        fc.property(fc.array(change, { minLength: 1, maxLength: 12 }), (changes) => {
          const file = Buffer.from(original);
          for (const [at, value] of changes) if (at < file.length) file[at] = value;
          survives(file);
        }),
        { numRuns: 300 },
      );
  });
});
