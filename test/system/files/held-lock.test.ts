import { closeSync, mkdtempSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { heldLock, lockReadOnly } from '../../../src/system/files/held-lock.ts';

const directory = mkdtempSync(join(tmpdir(), 'umlmon-lock-'));
afterAll(() => rmSync(directory, { recursive: true }));

test('a lock is kept by a descriptor that cannot write, and by one process at a time', () => {
  const path = join(directory, 'vm.lock');
  expect(heldLock(path)).toBeUndefined();
  const fd = lockReadOnly(path) ?? -1;
  expect(heldLock(path)).toMatchObject({ size: 0 });
  expect(lockReadOnly(path)).toBeUndefined();
  expect(heldLock(path)).toMatchObject({ size: 0 });
  expect(() => writeSync(fd, 'x')).toThrow(/EBADF/);
  closeSync(fd);
  expect(heldLock(path)).toBeUndefined();
  closeSync(lockReadOnly(path) ?? -1);
});
