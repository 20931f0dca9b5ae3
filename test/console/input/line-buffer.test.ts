import { expect, test } from 'vitest';
import { lineBufferBytes, readLineBuffer } from '../../../src/console/input/line-buffer.ts';
import { joined, offsetsIn, vmallocPieces } from '../../../src/console/input/ram-map.ts';
import { memoryOf } from '../../helpers/terminal/line-buffer.ts';

test('the unread bytes, and whether the last line is incomplete', () => {
  const raw = readLineBuffer(memoryOf('hello', { read: 2 }));
  expect(raw).toMatchObject({ head: 5, unread: 3, isOpenLine: false });
  const open = readLineBuffer(memoryOf('a line\nhel', { read: 7, isCanonical: true }));
  expect(open).toMatchObject({ head: 10, unread: 3, isOpenLine: true });
  const lines = readLineBuffer(memoryOf('a line\nhel', { isCanonical: true }));
  expect(lines).toMatchObject({ unread: 10, isOpenLine: false });
});

test('the last bytes are recognised: as they are, with other line ends, behind a control character', () => {
  const ends = (text: string, typed: string) =>
    readLineBuffer(memoryOf(text))?.endsWith(Buffer.from(typed, 'latin1'));
  expect(ends('hello', 'llo')).toBe(true);
  expect(ends('hello', 'lla')).toBe(false);
  expect(ends('hello\n', 'lo\r')).toBe(true);
  expect(ends('hello', 'l\rlo')).toBe(true);
  expect(ends('echo', 'ls\x15echo')).toBe(true);
  expect(ends('', 'a')).toBe(false);
  expect(ends('a', '')).toBe(false);
  expect(ends('\0\0\0', '\0\0')).toBe(true);
});

test('a buffer that has been gone round many times', () => {
  const text = Array.from({ length: 3000 }, (_, i) => `line ${i}\n`).join('');
  const buffer = readLineBuffer(memoryOf(text, { read: text.length - 100 }));
  expect(buffer).toMatchObject({ head: text.length, unread: 100 });
  expect(buffer?.endsWith(Buffer.from('line 2998\nline 2999\n'))).toBe(true);
});

test('invalid memory is not taken for a buffer', () => {
  const is = (change: (memory: Buffer) => void) => {
    const memory = memoryOf('hello');
    change(memory);
    return readLineBuffer(memory) !== undefined;
  };
  expect(is(() => undefined)).toBe(true);
  expect(is((memory) => memory.writeUInt32LE(5000, 0))).toBe(false);
  expect(is((memory) => memory.writeUInt32LE(0x10000, 4))).toBe(false);
  expect(is((memory) => memory.writeUInt8(2, 92))).toBe(false);
  expect(is((memory) => memory.fill(255))).toBe(false);
  expect(readLineBuffer(Buffer.alloc(lineBufferBytes))).toMatchObject({ head: 0, unread: 0 });
});

test('the ranges of vmalloc() in the map of a kernel', () => {
  const maps = `60000000-60001000 r--p 00000000 fe:00 1515875                            /kernel/linux
60c2e000-60c4f000 rw-p 00000000 00:00 0                                  [heap]
60c4f000-61400000 rw-s 00c4f000 00:29 3                                  /tmp/#3 (deleted)
61400000-64000000 rwxs 01400000 00:29 3                                  /tmp/#3 (deleted)
64812000-64842000 rwxs 01ac0000 00:29 3                                  /tmp/#3 (deleted)
64842000-6484a000 rwxs 01a80000 00:29 3                                  /tmp/#3 (deleted)
64855000-64857000 rwxs 01e66000 00:29 3                                  /tmp/#3 (deleted)
64857000-64858000 rwxs 01e66000 00:30 4                                  /other (deleted)
7ffff6dbf000-7ffff7dc1000 rw-p 00000000 00:00 0
`;
  const pieces = vmallocPieces(maps);
  expect(joined(pieces)).toEqual([
    { from: 0x64812000, to: 0x6484a000 },
    { from: 0x64855000, to: 0x64857000 },
  ]);
  const [first] = pieces;
  const offsetOf = offsetsIn(pieces);
  expect(offsetOf(0x64812010)).toBe((first?.offset ?? 0) + 0x10);
  expect(offsetOf(0x64842010)).toBe(0x1a80010);
  expect(offsetOf(0x64850000)).toBeUndefined();
  expect(offsetOf(0x64855000)).toBe(0x1e66000);
  expect(offsetOf(0x64857000)).toBeUndefined();
  expect(vmallocPieces('')).toEqual([]);
  expect(vmallocPieces('nonsense\n')).toEqual([]);
});
