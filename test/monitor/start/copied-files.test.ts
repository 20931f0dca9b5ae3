import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openCopied } from '../../../src/monitor/start/copied-files.ts';

const directory = mkdtempSync(join(tmpdir(), 'umlmon-copied-'));
const user = { name: 'uml-vm1', uid: 61_234, gid: 61_234 };
const at = (name: string) => join(directory, name);
const open = (name: string) => openCopied([{ fd: 20, is: 'copy', path: at(name) }], user);

chmodSync(directory, 0o755);
writeFileSync(at('linux'), 'kernel');
symlinkSync('linux', at('current'));
writeFileSync(at('secret'), 'secret', { mode: 0o600 });
symlinkSync('secret', at('swapped'));
mkdirSync(at('closed'), { mode: 0o700 });
writeFileSync(at('closed/linux'), 'kernel');
spawnSync('mkfifo', ['-m', '644', at('fifo')]);
afterAll(() => rmSync(directory, { recursive: true }));

test.each(['linux', 'current'])('%s is opened', (name) => {
  const { numbered, close } = open(name);
  expect(readFileSync(numbered.get(20) ?? -1, 'utf8')).toBe('kernel');
  close();
});

test.each([
  ['swapped', /cannot read .*secret/],
  ['closed/linux', /cannot enter the directory .*closed/],
  ['fifo', /fifo is not a regular file/],
])('%s is refused, which the user of the VM cannot read', (name, cause) => {
  expect(() => open(name)).toThrow(
    expect.objectContaining({ code: 'KERNEL_ACCESS', message: expect.stringMatching(cause) }),
  );
});
