/** The management console of a kernel that umlmon did not start leaves nothing behind. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KernelSender } from '../../../src/kernel/kernel-sender.ts';
import { Mconsole } from '../../../src/kernel/mconsole.ts';
import { program } from '../../helpers/programs/world.ts';

let directory: string;
/** For the files of umlwatch. */
let place: string;
/** A socket like that of a kernel, without a process that answers. */
let kernel: Mconsole;
const words = () => ['-mconsole-socket', join(directory, 'kernel.0'), '-mconsole', 'version'];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'umlmon-test-'));
  place = join(directory, 'tmp');
  mkdirSync(place);
  const sender = new KernelSender({ vm: 'vm1', uid: process.geteuid?.() ?? 0 }, () => undefined);
  kernel = Mconsole.open(join(directory, 'kernel'), join(directory, 'nowhere'), sender);
});
afterEach(() => {
  kernel.close();
  rmSync(directory, { recursive: true });
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('when %s ends the wait for an answer', async (signal) => {
  const child = spawn(program('umlwatch'), words(), {
    stdio: 'ignore',
    env: { ...process.env, TMPDIR: place },
  });
  const ended = new Promise((resolve) => child.once('exit', (_status, by) => resolve(by)));
  const made = () => readdirSync(place).flatMap((name) => readdirSync(join(place, name)));
  await expect.poll(made, { timeout: 20_000 }).toHaveLength(1);
  child.kill(signal);
  expect(await ended).toBe(signal);
  expect(readdirSync(place)).toEqual([]);
});

test('when the socket for the answers cannot be created', () => {
  const deep = join(place, 'x'.repeat(100));
  mkdirSync(deep);
  const env = { ...process.env, TMPDIR: deep };
  const { status, stderr } = spawnSync(program('umlwatch'), words(), { env, encoding: 'utf8' });
  expect([status, stderr]).toEqual([6, expect.stringContaining('ENAMETOOLONG')]);
  expect(readdirSync(deep)).toEqual([]);
});
