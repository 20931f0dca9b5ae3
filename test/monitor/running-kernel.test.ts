import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test, vi } from 'vitest';
import { RunningKernel } from '../../src/monitor/running-kernel.ts';
import { thisMoment } from '../../src/system/clock.ts';
import * as processes from '../../src/system/native/process.ts';

const failures = vi.hoisted(() => ({ left: 1 }));
vi.mock('../../src/system/native/process.ts', async (importOriginal) => {
  const original = await importOriginal<typeof processes>();
  const openProcess: typeof original.openProcess = (identity) => {
    if (failures.left === 0) return original.openProcess(identity);
    failures.left -= 1;
    throw Object.assign(new Error('EMFILE'), { code: 'EMFILE', syscall: 'pidfd_open' });
  };
  return { ...original, openProcess };
});

test('a kernel whose first process could not be opened has an owner, which can kill it', async () => {
  const child = spawn('sleep', ['60']);
  const exit = once(child, 'exit').then(([status]) => status ?? undefined);
  const init = processes.processIdentity(child.pid ?? 0);
  const parts = { version: '7.2.7', moment: thisMoment(), sandbox: { init, exit } };
  const kernel = new RunningKernel(parts as unknown as ConstructorParameters<typeof RunningKernel>[0]);
  expect(failures.left).toBe(0);
  await kernel.kill();
  await kernel.exit;
  expect(child.signalCode).toBe('SIGKILL');
});
