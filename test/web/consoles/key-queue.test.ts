import { expect, test } from 'vitest';
import { KeyQueue } from '../../../src/web/consoles/key-queue.ts';

function makeQueue(offer: (keys: Buffer) => Promise<number>) {
  const said: unknown[] = [];
  let done = 0;
  const ended = new AbortController();
  const queue = new KeyQueue({
    offer,
    onTaken: (count) => {
      done += count;
    },
    onStuck: (isOver) => said.push(isOver ? 'reads' : 'waits'),
    onDrop: (count) => said.push(count),
    onError: (error) => said.push(error),
    signal: ended.signal,
  });
  return { queue, said, done: () => done, end: () => ended.abort() };
}

test('a page is notified when a guest has not read for a second, and when it reads again', async () => {
  let isReading = false;
  const { queue, said, done } = makeQueue(async (keys) => (isReading ? keys.length : 0));
  queue.push(Buffer.alloc(5000));
  await expect.poll(() => said, { timeout: 20_000 }).toEqual(['waits']);
  isReading = true;
  await queue.settled();
  expect(said).toEqual(['waits', 'reads']);
  expect(done()).toBe(5000);
});

test('CTRL-C drops the keys before it, reports how many, and is sent at once', async () => {
  const offered: string[] = [];
  const { queue, said, done } = makeQueue(async (keys) => {
    offered.push(keys.toString());
    return keys.length === 1 ? 1 : 0;
  });
  queue.push(Buffer.from('a paste'));
  queue.push(Buffer.from('\x03'));
  await queue.settled();
  expect(offered).toEqual(['a paste', '\x03']);
  expect(said).toEqual([7]);
  expect(done()).toBe(8);
});

test('a CTRL-C within a paste is data', async () => {
  const offered: string[] = [];
  const { queue, said } = makeQueue(async (keys) => {
    offered.push(keys.toString());
    return keys.length;
  });
  queue.push(Buffer.from('before\x03'));
  queue.push(Buffer.from('after'));
  await queue.settled();
  expect(offered).toEqual(['before\x03', 'after']);
  expect(said).toEqual([]);
});
