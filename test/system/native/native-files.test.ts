import '../../helpers/tiers/needs-host.ts';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import {
  copyFileRange,
  extendedAttributes,
  linkDescriptor,
  seekData,
  seekHole,
  setExtendedAttribute,
} from '../../../src/system/native/native.ts';

const directory = mkdtempSync(join(tmpdir(), 'umlmon-native-'));
afterAll(() => rmSync(directory, { recursive: true }));

const O_TMPFILE = 0o20200000;
const O_RDWR = 2;
const MiB = 1024 ** 2;

test('holes and data of a sparse file', () => {
  const fd = openSync(join(directory, 'sparse'), 'w+');
  writeSync(fd, 'x', 3 * MiB);
  writeSync(fd, 'x', 5000 * MiB);
  expect(seekData(fd, 0)).toBe(3 * MiB);
  expect(seekHole(fd, 3 * MiB)).toBe(3 * MiB + 4096);
  expect(seekData(fd, 4 * MiB)).toBe(5000 * MiB);
  expect(seekData(fd, 5001 * MiB)).toBeNull();
  closeSync(fd);
  expect(() => seekData(fd, 0)).toThrow(/EBADF/);
});

test('a file without a name gets a free name', () => {
  const fd = openSync(directory, O_TMPFILE | O_RDWR);
  writeSync(fd, 'text');
  linkDescriptor(fd, join(directory, 'named'));
  expect(readFileSync(join(directory, 'named'), 'utf8')).toBe('text');
  expect(() => linkDescriptor(fd, join(directory, 'named'))).toThrow(/EEXIST/);
  closeSync(fd);
});

test('copies between places of files, many at once, each with its own error', async () => {
  const path = join(directory, 'source');
  writeFileSync(path, 'abcdefgh');
  const [source, target] = [openSync(path, 'r'), openSync(join(directory, 'target'), 'w+')];
  const copy = (fd: number, offset: number) =>
    copyFileRange({ fd, offset }, { fd: target, offset: 10 + offset }, 3);
  const results = await Promise.allSettled([
    copy(source, 2),
    copy(9999, 0),
    copy(source, 7),
    copy(source, 100),
  ]);
  const [two, wrong, seven, beyond] = results;
  expect(two).toEqual({ status: 'fulfilled', value: 3 });
  expect(wrong).toMatchObject({ status: 'rejected', reason: { code: 'EBADF', syscall: 'copy_file_range' } });
  expect(seven).toEqual({ status: 'fulfilled', value: 1 });
  expect(beyond).toEqual({ status: 'fulfilled', value: 0 });
  expect(readFileSync(join(directory, 'target'), 'latin1')).toBe(`${'\0'.repeat(12)}cde\0\0h`);
  for (const fd of [source, target]) closeSync(fd);
});

test('extended attributes keep only the memory that they need', () => {
  const fd = openSync(join(directory, 'attributes'), 'w+');
  setExtendedAttribute(fd, 'trusted.one', Buffer.from('1'));
  setExtendedAttribute(fd, 'trusted.two', Buffer.from('22'));
  const found = extendedAttributes(fd);
  closeSync(fd);
  expect([...found].map(([name, value]) => `${name}=${value}`).sort()).toEqual([
    'trusted.one=1',
    'trusted.two=22',
  ]);
  for (const value of found.values()) expect(value.buffer.byteLength).toBeLessThan(65_536);
});
