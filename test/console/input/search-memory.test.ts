/** The search for input buffers in the memory of a guest, which may hold anything. */
import { performance } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { readMaps } from '../../../src/console/input/guest-terminals.ts';
import { type KernelMemory, searchBuffers } from '../../../src/console/input/search-memory.ts';
import { consoleLimits } from '../../../src/system/limits/limits.ts';
import { memoryOf } from '../../helpers/terminal/line-buffer.ts';

const MiB = 1024 * 1024;
const page = 4096;
const begin = 0x6480_0000;
/** As scattered as 128 MiB can be: every page is a piece of its own. */
const pieces = Array.from({ length: (128 * MiB) / page }, (_, i) => ({
  from: begin + i * page,
  to: begin + (i + 1) * page,
  offset: (i ^ 1) * page,
}));

/** Memory that is zero but for these buffers, by their page. */
function memoryWith(buffers: ReadonlyMap<number, Buffer>): KernelMemory {
  return {
    read: async (space, offset, length, position) => {
      space.fill(0, offset, offset + length);
      for (const [number, buffer] of buffers) {
        const at = begin + number * page - position;
        if (at >= 0 && at + buffer.length <= length) buffer.copy(space, offset + at);
      }
      return { bytesRead: length };
    },
  };
}

/** Bytes of buffers that some work leaves behind, and the milliseconds that it took. */
async function costOf<T>(work: () => Promise<T>) {
  const before = process.memoryUsage();
  const began = performance.now();
  const result = await work();
  const ms = performance.now() - began;
  const after = process.memoryUsage();
  return { result, ms, bytes: after.arrayBuffers - before.arrayBuffers };
}

test('128 MiB of empty memory have no buffers, and cost little', async () => {
  const { result, ms, bytes } = await costOf(() => searchBuffers(memoryWith(new Map()), pieces));
  expect(result?.size).toBe(0);
  expect(bytes).toBeLessThan(4 * MiB);
  expect(ms).toBeLessThan(3000);
});

test('buffers among empty memory are found, each with its place, and keep nothing of the memory around them', async () => {
  const numbers = Array.from({ length: 1000 }, (_, i) => 5 + i * 32);
  const memory = memoryWith(new Map(numbers.map((number) => [number, memoryOf('hello\n', { read: 2 })])));
  const { result, ms, bytes } = await costOf(() => searchBuffers(memory, pieces));
  expect([...(result?.keys() ?? [])]).toEqual(numbers.map((number) => begin + number * page));
  expect(result?.get(begin + 5 * page)).toMatchObject({ head: 6, unread: 4, place: 4 * page });
  expect(result?.get(begin + 5 * page)?.endsWith(Buffer.from('lo\r'))).toBe(true);
  expect(bytes).toBeLessThan(4 * MiB);
  expect(ms).toBeLessThan(3000);
});

test('memory full of what looks like buffers ends the search', async () => {
  let reads = 0;
  const memory: KernelMemory = {
    read: async (space, _offset, length) => {
      reads += 1;
      space.fill(0, 0, length);
      for (let at = 0; at < length; at += page) space.writeUInt8(1, at);
      return { bytesRead: length };
    },
  };
  const { result, bytes } = await costOf(() => searchBuffers(memory, pieces));
  expect(result).toBeUndefined();
  expect(reads).toBeLessThan(consoleLimits.bufferCandidates / 32);
  expect(bytes).toBeLessThan(4 * MiB);
});

test('more memory than is searched is not read', async () => {
  const more = [...pieces, { from: begin + 128 * MiB, to: begin + 128 * MiB + page, offset: 0 }];
  const memory: KernelMemory = { read: () => Promise.reject(new Error('was read')) };
  expect(await searchBuffers(memory, more)).toBeUndefined();
});

test('a list of mappings is read whole, or not at all', async () => {
  expect(await readMaps(process.pid, MiB)).toMatch(/\[stack\]\n/);
  expect(await readMaps(process.pid, 1000)).toBeUndefined();
});
