/** A guest that prints a lot, and viewers of different speed. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { GuestShell } from '../helpers/guest.ts';
import { World } from '../helpers/world.ts';

const world = new World();
afterAll(() => world.close());

const numbers = 500_000;

interface Piece {
  readonly offset: number;
  readonly length: number;
  readonly hash: string;
}

const hashOf = (data: Uint8Array) => createHash('sha1').update(data).digest('hex');

/** Reads a console to the end mark at its own pace. */
async function view(pace: { max: number; pauseMs: number }) {
  const client = await world.client('vm1');
  const { id, next } = await client.call('consoleAttach', { channel: 'con1', columns: 0, rows: 0 });
  const pieces: Piece[] = [];
  let skipped = 0;
  let offset = next;
  for (let tail = ''; !tail.includes('THE-END\r\n'); ) {
    const read = await client.call('consoleRead', { id, offset, max: pace.max, waitMs: 10_000 });
    skipped += read.offset - offset;
    offset = read.offset + read.data.length;
    pieces.push({ offset: read.offset, length: read.data.length, hash: hashOf(read.data) });
    tail = (tail + Buffer.from(read.data).toString('latin1')).slice(-100);
    if (pace.pauseMs > 0) await delay(pace.pauseMs);
  }
  const { seats } = await client.call('consoleWho', 'con1');
  const seat = seats.find((each) => each.id === id);
  client.close();
  return { first: next, pieces, skipped, end: offset, counted: seat?.skipped };
}

test('the log is complete, and what each of ten viewers saw is the log without what it was told of', async () => {
  world.configure({ vm1: 'mem = 64M\nubd0 = /disks/root.dsk\ncon1 = pty log\nlog_size = 64M' });
  world.addImage('vm1');
  await world.startMonitor('vm1');
  expect(world.run('umlwatch', ['vm1', '-start'])).toMatchObject({ status: 0 });
  const client = await world.client('vm1');
  const shell = await GuestShell.open(client);
  const paces = Array.from({ length: 10 }, (_, i) => ({
    max: 65_536 >> (i % 4),
    pauseMs: [0, 0, 1, 5, 50][i % 5] ?? 0,
  }));
  const viewers = paces.map(view);
  // The shell's own seq makes a system call for each number; that of time(1) does not.
  await shell.run(`time seq ${numbers} >/tmp/numbers`);
  await shell.type(`cat /tmp/numbers; echo THE-''END\r`);
  const results = await Promise.all(viewers);
  client.close();

  const log = readFileSync(join(world.varDir, 'vm1/log/con1'));
  const lines = Array.from({ length: numbers }, (_, i) => `${i + 1}\r\n`);
  expect(log.includes(`\n${lines.slice(0, 3).join('')}`)).toBe(true);
  const begin = log.indexOf('\n1\r\n2\r\n') + 1;
  expect(hashOf(log.subarray(begin, begin + lines.join('').length))).toBe(
    hashOf(Buffer.from(lines.join(''))),
  );
  for (const { first, pieces, skipped, end, counted } of results) {
    const seen = pieces.reduce((sum, { length }) => sum + length, 0);
    expect(first + seen + skipped).toBe(end);
    expect(counted).toBe(skipped);
    const differing = pieces.filter(
      ({ offset, length, hash }) => hashOf(log.subarray(offset, offset + length)) !== hash,
    );
    expect(differing).toEqual([]);
  }
  // The slowest could not follow: else this test would be about nothing.
  expect(results.some(({ skipped }) => skipped > 0)).toBe(true);
});
