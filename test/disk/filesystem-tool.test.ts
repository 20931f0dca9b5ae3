import { chownSync, closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runTool, toolImage, toolLines } from '../../src/disk/filesystem-tool.ts';
import { childrenOf, programNameOf } from '../../src/system/process.ts';
import { makeImage } from './oracle.ts';

const nobody = 65534;
let directory: string;
let image: string;
let fd: number;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'umlmon-tool-'));
  image = join(directory, 'a.dsk');
  makeImage(image, 256 * 1024 ** 2, []);
  fd = openSync(image, 'r+');
});
afterEach(() => {
  closeSync(fd);
  rmSync(directory, { recursive: true });
});

test('has no rights but those of the owner of the image', async () => {
  const secret = join(directory, 'secret');
  writeFileSync(secret, 'x', { mode: 0o600 });
  // Root's file for nobody, and nobody's for a root without capabilities.
  for (const [owner, tool] of [
    [0, nobody],
    [nobody, 0],
  ] as const) {
    chownSync(directory, nobody, nobody);
    chownSync(secret, owner, owner);
    const { status, words } = await runTool('e2fsck', ['-n', secret], { fd, uid: tool, gid: tool });
    expect([status, words]).toEqual([8, expect.stringContaining('Permission denied')]);
  }
  chownSync(image, nobody, nobody);
  chownSync(directory, 0, 0);
  // The path of the image is out of its reach; the descriptor is enough.
  const made = await runTool('mke2fs', ['-q', '-F', toolImage], { fd, uid: nobody, gid: nobody });
  expect(made).toEqual({ status: 0, words: '' });
});

test('a cancel kills it', async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  // Writes and reads all blocks four times.
  const args = ['-q', '-F', '-c', '-c', toolImage];
  const isRunning = () => childrenOf(process.pid).some((pid) => programNameOf(pid) === 'mke2fs');
  const ended = runTool('mke2fs', args, { fd, uid: 0, gid: 0 }, controller.signal);
  await expect.poll(isRunning).toBe(true);
  controller.abort(reason);
  await expect(ended).rejects.toBe(reason);
  expect(isRunning()).toBe(false);
});

test('its words are lines for people, few and without controls', () => {
  expect(toolLines(`e2fsck 1.47.0 (5-Feb-2023)\nPass 1\n\n${toolImage}: \x1b[31mclean\r\n`)).toEqual([
    'Pass 1',
    'image: [31mclean',
  ]);
  const many = Array.from({ length: 1000 }, (_, i) => `line ${i}`).join('\n');
  expect(toolLines(many)).toHaveLength(21);
  expect(toolLines(many).at(-1)).toBe('line 999');
});
