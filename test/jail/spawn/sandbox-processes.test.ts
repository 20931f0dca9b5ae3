import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test, vi } from 'vitest';
import { HeldSandbox } from '../../../src/jail/spawn/sandbox-processes.ts';
import * as processes from '../../../src/system/native/process.ts';

const failures = vi.hoisted(() => ({ left: 1 }));
vi.mock('../../../src/system/native/process.ts', async (importOriginal) => {
  const original = await importOriginal<typeof processes>();
  const openProcess: typeof original.openProcess = (identity) => {
    if (failures.left === 0) return original.openProcess(identity);
    failures.left -= 1;
    throw Object.assign(new Error('EMFILE'), { code: 'EMFILE', syscall: 'pidfd_open' });
  };
  return { ...original, openProcess };
});

test('a sandbox whose first process could not be opened can still be killed', async () => {
  const child = spawn('sleep', ['60']);
  const exit = once(child, 'exit').then(([status]) => status ?? undefined);
  const init = processes.processIdentity(child.pid ?? 0);
  if (!init) throw new Error('sleep did not start');
  const sandbox = new HeldSandbox(init, { init }, exit);
  expect(failures.left).toBe(0);
  sandbox.kill();
  await sandbox.exit;
  expect(child.signalCode).toBe('SIGKILL');
});
