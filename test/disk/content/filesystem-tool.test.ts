import { mkdtempSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runTool, toolImage, toolLines } from '../../../src/disk/content/filesystem-tool.ts';
import { handOver } from '../../../src/disk/content/hand-over.ts';
import { childrenOf, programNameOf } from '../../../src/system/native/process.ts';
import { makeImage } from '../cow/oracle.ts';

/** All processes below one. */
const below = (pid: number): number[] => childrenOf(pid).flatMap((child) => [child, ...below(child)]);

let directory: string;
let image: FileHandle;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'umlmon-tool-'));
  const path = join(directory, 'a.dsk');
  makeImage(path, 256 * 1024 ** 2, []);
  image = await open(path, 'r+');
});
afterEach(async () => {
  await image.close();
  rmSync(directory, { recursive: true });
});

test('a cancel kills it', async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  // Writes and reads all blocks four times.
  const args = ['-q', '-F', '-c', '-c', toolImage];
  const handed = await handOver(image, 256 * 1024 ** 2);
  const isRunning = () => below(process.pid).some((pid) => programNameOf(pid) === 'mke2fs');
  const ended = runTool('mke2fs', args, handed, { signal: controller.signal });
  await expect.poll(isRunning).toBe(true);
  controller.abort(reason);
  await expect(ended).rejects.toBe(reason);
  expect(isRunning()).toBe(false);
});

test('its output becomes a few lines without control characters', () => {
  expect(toolLines(`e2fsck 1.47.0 (5-Feb-2023)\nPass 1\n\n${toolImage}: \x1b[31mclean\r\n`)).toEqual([
    'Pass 1',
    'image: [31mclean',
  ]);
  const many = Array.from({ length: 1000 }, (_, i) => `line ${i}`).join('\n');
  expect(toolLines(many)).toHaveLength(21);
  expect(toolLines(many).at(-1)).toBe('line 999');
});
