import '../helpers/tiers/needs-host.ts';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatagram, receiveDatagram, sendDatagram } from '../../src/system/native/native.ts';
import { watch } from '../../src/system/watch.ts';
import { buildProgram } from '../helpers/programs/program.ts';

let directory: string;
const descriptors: number[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'umlmon-watch-'));
});
afterEach(() => {
  for (const fd of descriptors.splice(0)) closeSync(fd);
  rmSync(directory, { recursive: true });
});

function keep(fd: number): number {
  descriptors.push(fd);
  return fd;
}

test('wakes the handler until it has read all, and survives garbage collection and a changed interest', async () => {
  const path = join(directory, 'a');
  const fd = keep(openDatagram(path));
  const sender = keep(openDatagram(''));
  const buffer = Buffer.alloc(16);
  const seen: string[] = [];
  let wake: (() => void) | undefined;
  const watching = watch(fd, { readable: true }, ({ readable, writable }) => {
    expect([readable, writable]).toEqual([true, false]);
    // One per wake-up: the rest must be announced again.
    const got = receiveDatagram(fd, buffer);
    if (got) seen.push(buffer.toString('latin1', 0, got.length));
    wake?.();
  });
  const next = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
    });
  sendDatagram(sender, Buffer.from('a'), path);
  sendDatagram(sender, Buffer.from('b'), path);
  await next();
  await next();
  expect(seen).toEqual(['a', 'b']);

  watching.set({});
  sendDatagram(sender, Buffer.from('c'), path);
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(seen).toEqual(['a', 'b']);
  watching.set({ readable: true });
  await next();
  expect(seen).toEqual(['a', 'b', 'c']);

  sendDatagram(sender, Buffer.from('d'), path);
  watching.close();
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(seen).toEqual(['a', 'b', 'c']);
  watching.close();
  watching.set({ readable: true });
});

test('an exception in the handler is not swallowed', async () => {
  const outfile = await buildProgram('watch', {
    text: `
      import { openDatagram } from './src/system/native/native.ts';
      import { watch } from './src/system/watch.ts';
      watch(openDatagram(''), { writable: true }, () => { throw new Error('seen'); });`,
  });
  const child = spawn(process.execPath, [outfile], { stdio: ['ignore', 'ignore', 'pipe'] });
  let text = '';
  child.stderr.on('data', (part) => {
    text += part;
  });
  const [status] = await once(child, 'close');
  expect(text).toContain('Error: seen');
  expect(status).toBe(1);
});
